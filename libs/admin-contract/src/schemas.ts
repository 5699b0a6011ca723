import { z } from 'zod';

/** Maximum number of items on a page. */
export const MAX_PAGE_SIZE = 1_000;
/** Maximum number of queues that one request deletes. */
export const MAX_PRUNED_QUEUES = 1_000;
const DEFAULT_PAGE_SIZE = 100;
/** The remaining items of a list are counted up to this number. */
export const MAX_COUNTED = 10_000;
const MAX_CURSOR_LENGTH = 2_000;

/** PostgreSQL rejects NUL and replaces lone surrogates, so both are rejected. */
export const Text = z.string().regex(/^[^\p{Cc}\p{Cs}]*$/u, 'has control characters, or half of a surrogate pair');
/** Id of a run or an event, at most 200 bytes. */
export const Id = Text.min(1).max(300).describe('Id of a run or an event');
/** Words that the note of a run has. */
export const NoteText = Text.max(300)
  .regex(/[\p{L}\p{N}]/u, 'has neither a letter nor a digit')
  .describe('Words of the note, in any order; `*` at the end of a word matches all words that begin with it');
export const Time = z.iso.datetime().describe('ISO 8601 in UTC');
export const Count = z.int().min(0);

/** Fields of the request of a list. */
export const PAGE_REQUEST = {
  limit: z.coerce
    .number<number>()
    .int()
    .min(1)
    .max(MAX_PAGE_SIZE)
    .default(DEFAULT_PAGE_SIZE)
    .describe(`Maximum number of items on the page, 1 to ${MAX_PAGE_SIZE}`),
  cursor: z.string().max(MAX_CURSOR_LENGTH).exactOptional().describe('`next` of the page before. Absent: the first page'),
};

/** Maximum number of journal entries of a story. */
export const MAX_STORY_ENTRIES = 10_000;
export const StoryLimit = z.coerce
  .number<number>()
  .int()
  .min(1)
  .max(MAX_STORY_ENTRIES)
  .default(1_000)
  .describe(`Maximum number of journal entries, 1 to ${MAX_STORY_ENTRIES}`);

/** The response of a list. Items that are added meanwhile do not shift the following pages. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: z.string().exactOptional().describe('Cursor of the next page. Absent: this is the last page'),
    remaining: Count.exactOptional().describe(
      `Number of items after this page, counted up to ${MAX_COUNTED}. Absent where they are not counted`,
    ),
  });
}

/** The body of every error. */
export const PROBLEM = z.object({
  code: z.string().describe('A code of docs/reference/errors.md; its meaning never changes'),
  message: z.string(),
  cure: z.string().exactOptional().describe('What to do'),
});
