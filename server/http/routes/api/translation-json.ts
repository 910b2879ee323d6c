import { z } from 'zod';
import type { TranslationDetails } from '../../../translation/get-translations.js';
import { answerSchema } from '../../api-schemas.js';

type TranslatedDetails = Extract<TranslationDetails, { readonly state: 'translated' }>;

const fraction = z.number().min(0).max(1);
const confidence = z
  .enum(['exact', 'clamped', 'element', 'fragment', 'percentage', 'none'])
  .describe(
    'what is certain of the position: the character; a neighbouring character; its element; its chapter; the fraction alone; nothing',
  );

export const locatorText = {
  before: z.string().optional(),
  highlight: z.string().optional(),
  after: z.string().optional(),
};

const translated = answerSchema(
  'TranslatedPosition',
  z.strictObject({
    state: z.literal('translated'),
    confidence,
    cfi: z
      .string()
      .nullable()
      .describe(
        "by the W3C's specification; null for FictionBook and HTML, where locator.locations has the path in the document",
      ),
    epubjs_cfi: z
      .string()
      .nullable()
      .describe('the CFI as epub.js counts; null if it has none for the position'),
    locator: z
      .strictObject({
        href: z.string(),
        type: z.string(),
        title: z.string().optional(),
        locations: z.strictObject({
          progression: fraction,
          totalProgression: fraction,
          cssSelector: z.string().optional(),
          partialCfi: z.string().optional(),
        }),
        text: z.strictObject(locatorText),
      })
      .describe('the form of the Readium toolkits'),
    percentage: fraction.describe('the part of the book before the position, by the sizes of its chapters'),
    chapter_percentage: fraction.describe('the part of the chapter before the position'),
    chapter_title: z.string().nullable().describe('from the table of contents'),
    text_before: z.string().describe('up to 32 characters'),
    text_after: z.string().describe('up to 32 characters'),
  }),
);

const REASONS = [
  'book-not-found',
  'book-missing',
  'book-changed',
  'book-unreadable',
  'format-unsupported',
  'unknown-form',
  'other-format',
  'outside-the-book',
  'busy',
  'too-slow',
] as const;

/** A position in other forms. A failed translation is no problem of the answer: it is shown with its reason. */
export const translationSchema = answerSchema(
  'Translation',
  z.union([
    translated,
    z.strictObject({
      state: z.literal('page'),
      page: z.int().min(1),
      page_count: z.int().min(1).nullable().describe('null where the pages are not counted: PDF and DjVu'),
    }),
    z.strictObject({
      state: z.literal('fraction').describe('in MOBI, text and PDF files: no place, only the part before it'),
      confidence: z.literal('percentage'),
      percentage: fraction.describe('as the reader sent it'),
    }),
    z.strictObject({
      state: z.literal('none'),
      reason: z
        .enum(REASONS)
        .describe(
          'why the position has no other form; busy and too-slow are temporary, and so is book-changed: the file has changed since the last scan, and is hashed again',
        ),
      failure: z.string().nullable().describe('for book-unreadable: what is wrong with the file'),
    }),
  ]),
);

type TranslationJson = z.input<typeof translationSchema>;

export function translationJson(shown: TranslationDetails): TranslationJson {
  switch (shown.state) {
    case 'translated':
      return translatedJson(shown);
    case 'paged':
      return { state: 'page', page: shown.page, page_count: shown.pageCount ?? null };
    case 'fraction':
      return { state: 'fraction', confidence: 'percentage', percentage: shown.percentage };
    case 'untranslatable':
      return none(shown.reason);
    case 'book-unreadable':
      return none('book-unreadable', shown.failure);
    case 'crashed':
      return none('book-unreadable', 'crashed');
    case 'book-not-found':
    case 'book-missing':
    case 'book-changed':
    case 'format-unsupported':
    case 'busy':
    case 'too-slow':
      return none(shown.state);
    default:
      return shown satisfies never;
  }
}

function translatedJson(position: TranslatedDetails): z.input<typeof translated> {
  return {
    state: 'translated',
    confidence: position.cfiConfidence,
    cfi: position.cfi ?? null,
    epubjs_cfi: position.epubJsCfi ?? null,
    locator: position.locator,
    percentage: position.percentage,
    chapter_percentage: position.chapterPercentage,
    chapter_title: position.chapterTitle ?? null,
    text_before: position.textBefore,
    text_after: position.textAfter,
  };
}

function none(reason: (typeof REASONS)[number], failure?: string): TranslationJson {
  return { state: 'none', reason, failure: failure ?? null };
}
