import { allocateText, checkClock, spendText } from '../budget.js';
import { badArgument, overLimit } from '../faults.js';
import { LIMITS } from '../limits.js';
import { RegexEngine } from '../regex-engine.js';
import { FunctionValue, isFunction, type FunctionCaller } from '../values.js';

/** A match in a text, found by a regular expression or by a function that is used like one. */
export interface Match {
  readonly match: string;
  readonly start: number;
  readonly end: number;
  readonly groups: readonly (string | undefined)[];
}

/** A regular expression. Called as a function it returns the first match in a text, and each match has a function for the next one. */
export class RegexValue extends FunctionValue {
  /** As in the library: a text, and the offset to begin at. */
  readonly arity = 2;
  readonly #expression: RegExp;

  constructor(expression: RegExp) {
    super();
    this.#expression = expression;
  }

  call([text, from]: readonly unknown[]): unknown {
    if (typeof text !== 'string') throw badArgument('a regular expression was given something that is not a text');
    const found = this.find(text, typeof from === 'number' ? from : 0);
    return found && { ...found, next: new NextMatch(this, text, found) };
  }

  /**
   * Finds the next match. The time of each search is proportional to the length of the text.
   *
   * @throws `EXPR_LIMIT` for a text that is too long to search
   */
  find(text: string, from: number): Match | undefined {
    if (text.length > LIMITS.regexCharacters) {
      throw overLimit(
        `a regular expression searches at most ${LIMITS.regexCharacters} characters, but this text has ${text.length}`,
      );
    }
    checkClock();
    const engine = new RegexEngine(this.#expression);
    engine.lastIndex = from;
    const found = engine.exec(text);
    if (!found) return undefined;
    const [match = '', ...groups] = found;
    allocateText(match.length + 50);
    return { match, start: found.index, end: found.index + match.length, groups };
  }

  /** Yields all matches in the order of the text. */
  *findAll(text: string): Generator<Match> {
    let found = this.find(text, 0);
    while (found) {
      yield found;
      found = this.following(text, found);
    }
  }

  following(text: string, { end }: Match): Match | undefined {
    if (end >= text.length) return undefined;
    const next = this.find(text, end);
    if (next?.match === '') throw badArgument('a regular expression matches the empty text, so the search would never end');
    return next;
  }
}

class NextMatch extends FunctionValue {
  readonly arity = 0;

  constructor(
    private readonly regex: RegexValue,
    private readonly text: string,
    private readonly match: Match,
  ) {
    super();
  }

  call(): unknown {
    const found = this.regex.following(this.text, this.match);
    return found && { ...found, next: new NextMatch(this.regex, this.text, found) };
  }
}

/** Yields the matches of a regular expression, or of a function that returns `match`, `start`, `end`, `groups` and `next`. */
export function* matchesOf(evaluation: FunctionCaller, matcher: unknown, text: string): Generator<Match> {
  spendText(text.length);
  if (matcher instanceof RegexValue) {
    yield* matcher.findAll(text);
    return;
  }
  if (!isFunction(matcher)) throw badArgument('the pattern of a text search is a non-function');
  let found = evaluation.callback(matcher, [text]) as (Match & { next?: unknown }) | undefined;
  while (found !== undefined) {
    if (typeof found !== 'object' || typeof found.start !== 'number' || typeof found.match !== 'string') {
      throw badArgument('a function that searches a text must return an object with match, start, end, groups and next');
    }
    yield { ...found, groups: Array.isArray(found.groups) ? (found.groups as readonly string[]) : [] };
    found = isFunction(found.next) ? (evaluation.callback(found.next, []) as Match | undefined) : undefined;
  }
}
