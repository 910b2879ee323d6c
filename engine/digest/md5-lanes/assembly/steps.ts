// The four kinds of step of RFC 1321, for four messages at once. `term` is the word of the message plus the constant
// of the step. `b` is the result of the previous step, so the time of a step is the time from `b` to its result.
// Everything that does not need `b` is therefore added first.

// @ts-ignore: decorator
@inline
function rotateAndAdd(sum: v128, b: v128, rotation: i32): v128 {
  // WebAssembly has no vector rotation. A byte shuffle for the rotation by 16 measured the same.
  return i32x4.add(b, v128.or(i32x4.shl(sum, rotation), i32x4.shr_u(sum, 32 - rotation)));
}

/** F = (b & c) | (~b & d): a selection by the bits of b. */
// @ts-ignore: decorator
@inline
export function stepF(a: v128, b: v128, c: v128, d: v128, term: v128, rotation: i32): v128 {
  return rotateAndAdd(i32x4.add(i32x4.add(a, term), v128.bitselect(c, d, b)), b, rotation);
}

/**
 * G = (b & d) | (c & ~d): the two terms have no bit in common, so they can be added one by one, the one without b
 * first.
 */
// @ts-ignore: decorator
@inline
export function stepG(a: v128, b: v128, c: v128, d: v128, term: v128, rotation: i32): v128 {
  const early = i32x4.add(i32x4.add(a, term), v128.andnot(c, d));
  return rotateAndAdd(i32x4.add(early, v128.and(b, d)), b, rotation);
}

/** H = b ^ c ^ d, given as one of them and the XOR of the other two. */
// @ts-ignore: decorator
@inline
export function stepH(a: v128, b: v128, lone: v128, pair: v128, term: v128, rotation: i32): v128 {
  return rotateAndAdd(i32x4.add(i32x4.add(a, term), v128.xor(lone, pair)), b, rotation);
}

/**
 * I = c ^ (b | ~d) = ~(c ^ (d & ~b)). Adding ~x equals subtracting x + 1, so two operations do the work of three, and
 * no vector NOT is needed, which x86-64 lacks. The 1 is already subtracted from the constant of the step.
 */
// @ts-ignore: decorator
@inline
export function stepI(a: v128, b: v128, c: v128, d: v128, term: v128, rotation: i32): v128 {
  return rotateAndAdd(i32x4.sub(i32x4.add(a, term), v128.xor(c, v128.andnot(d, b))), b, rotation);
}
