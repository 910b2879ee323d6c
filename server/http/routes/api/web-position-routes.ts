import { z } from 'zod';
import { type WebPositionOutcome, putWebPosition } from '../../../translation/put-web-position.js';
import { POSITION_BYTES } from '../../../sync/progress.js';
import { DEVICE_BYTES } from '../../../device/device.js';
import { documentPart, text, time, timeOfMs, userIdNumber } from '../../api-fields.js';
import { type ApiRoute, jsonRoute } from '../../api-route.js';
import { answerSchema, requestSchema } from '../../api-schemas.js';
import { ProblemError } from '../../problem.js';
import { locatorText, translationJson, translationSchema } from './translation-json.js';

const fraction = z.number().min(0).max(1);
const deviceText = text(DEVICE_BYTES)
  .min(1)
  .refine(
    (value) => Buffer.byteLength(value) <= DEVICE_BYTES,
    `has to have ${String(DEVICE_BYTES)} bytes or less`,
  );

/** A Readium locator. Unknown members are accepted, because toolkits add their own. */
const locator = z.object({
  href: text(POSITION_BYTES).min(1),
  type: z.string().optional(),
  title: z.string().optional(),
  locations: z
    .object({
      progression: fraction.optional(),
      totalProgression: fraction.optional(),
      cssSelector: text(POSITION_BYTES).optional(),
      partialCfi: text(POSITION_BYTES).optional(),
      fragments: z.array(text(POSITION_BYTES)).max(20).optional(),
    })
    .optional(),
  text: z.object(locatorText).optional(),
});

/** More than any archive has files. */
const MOST_PAGES = 1_000_000;

const place = requestSchema(
  'Place',
  z
    .strictObject({
      cfi: text(POSITION_BYTES)
        .regex(/^epubcfi\(/, 'has to be an EPUB CFI')
        .optional(),
      locator: locator.optional().describe('a Readium locator, instead of a CFI'),
      page: z
        .int()
        .min(1)
        .max(MOST_PAGES)
        .optional()
        .describe('of a comic, instead of a CFI, counted from 1 as KOReader counts them'),
      device: z
        .strictObject({ id: deviceText, name: deviceText })
        .describe('must differ from the id of KOReader, which ignores positions of its own device'),
      expected_user_id: userIdNumber
        .optional()
        .describe(
          'of whom the place is: it is not stored when the request comes from another user. All tabs of a browser share a session.',
        ),
      allow: z
        .literal('chapter')
        .optional()
        .describe('stores the position even if only its chapter, or a fraction of it, is certain'),
    })
    .transform(({ cfi, locator: sent, page, ...rest }, context) => {
      const places = [
        ...(cfi === undefined ? [] : [{ cfi }]),
        ...(sent === undefined ? [] : [{ locator: sent }]),
        ...(page === undefined ? [] : [{ page }]),
      ];
      const [given] = places;
      if (given !== undefined && places.length === 1) return { place: given, ...rest };
      context.addIssue('has to have either a cfi, a locator or a page');
      return z.NEVER;
    }),
);

const placed = answerSchema(
  'PlacedPosition',
  z.strictObject({
    document: z.string(),
    device: z.strictObject({ id: z.string(), name: z.string() }),
    progress: z.string().describe('the x-pointer or the page that KOReader will pull'),
    percentage: fraction,
    pushed_at: time,
    translation: translationSchema,
  }),
);

export const webPositionRoutes: readonly ApiRoute[] = [
  jsonRoute(
    {
      method: 'PUT',
      path: '/progress/{document}',
      operationId: 'placeDevice',
      tag: 'progress',
      summary: 'Store the position of a web reader, for KOReader to pull',
      description:
        'The position belongs to the user of the key. The document must be a digest of an EPUB that the user may see, or with a locator of a FictionBook or an HTML file, or with a page of a comic.',
      access: ['feature:koreader_sync'],
      params: z.object({ document: documentPart }),
      body: place,
      reply: { kind: 'json', status: 200, schema: placed, says: 'What is stored' },
      problems: [
        'user-changed',
        'book-not-found',
        'book-missing',
        'book-unreadable',
        'format-unsupported',
        'position-untranslatable',
        'translation-slow',
      ],
    },
    async (management, { principal, params: { document }, body }) => {
      const { place: sent, device, allow, expected_user_id: expectedUserId } = body;
      const outcome = await putWebPosition(management, principal, {
        document,
        place: sent,
        device,
        expectedUserId,
        allowsChapter: allow === 'chapter',
      });
      if (outcome.state !== 'stored') throw problemOf(outcome);
      return {
        value: {
          document,
          device,
          progress: outcome.position,
          percentage: outcome.percentage,
          pushed_at: timeOfMs(outcome.pushedMs),
          translation: translationJson(outcome.translation),
        },
      };
    },
  ),
];

const CHAPTER_ALONE = 'Only the chapter of the position is certain; "allow": "chapter" would store it.';
const IMPRECISE = {
  fragment: CHAPTER_ALONE,
  percentage: CHAPTER_ALONE,
  none: 'The position cannot be found with certainty.',
  'too-long': 'The position for KOReader would be too long.',
  'book-changed':
    'The document is a digest from before the file was changed; "allow": "chapter" would store the position.',
} as const;

function problemOf(refused: Exclude<WebPositionOutcome, { readonly state: 'stored' }>): ProblemError {
  if (refused.state === 'imprecise') {
    const detail = IMPRECISE[refused.failure];
    return new ProblemError('position-untranslatable', detail, [], { failure: refused.failure });
  }
  const { outcome } = refused;
  switch (outcome.state) {
    case 'book-not-found':
      return new ProblemError('book-not-found', 'The document is not a digest of a book that you may see.');
    case 'book-missing':
      return new ProblemError('book-missing', 'The last scan did not find the file of the book.');
    case 'book-changed':
      return new ProblemError(
        'position-untranslatable',
        'The file of the book has changed since the last scan. It is hashed again now, and its digest may be another one.',
        [],
        { failure: 'book-changed' },
      );
    case 'paged':
      return new ProblemError('position-untranslatable', 'The book has no such page.', [], {
        failure: 'outside-the-book',
      });
    case 'fraction':
    case 'format-unsupported':
      return new ProblemError(
        'format-unsupported',
        'Only positions in EPUBs, FictionBooks and HTML files are translated, and pages of comics taken.',
      );
    case 'untranslatable':
      return new ProblemError('position-untranslatable', 'The position has no place in the book.', [], {
        failure: outcome.reason,
      });
    case 'book-unreadable':
      return new ProblemError('book-unreadable', `The book cannot be read: ${outcome.message}.`, [], {
        failure: outcome.failure,
      });
    case 'crashed':
      return new ProblemError('book-unreadable', 'Reading the book takes more memory than it may.', [], {
        failure: 'crashed',
      });
    case 'too-slow':
      return new ProblemError('translation-slow', 'The book was not read in time.');
    case 'busy':
      return new ProblemError('overloaded', 'Too many positions are being translated.');
    default:
      return outcome satisfies never;
  }
}
