/** Keys of the database's rows, branded so that one is not taken for another. Only storage makes them. */
declare const brand: unique symbol;
type Id<Name extends string> = number & { readonly [brand]: Name };

export type LibraryId = Id<'library'>;
export type BookId = Id<'book'>;
export type ScanId = Id<'scan'>;
