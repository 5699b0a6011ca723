import { RE2JS } from 're2js';

interface Match extends Array<string | undefined> {
  index: number;
}

const compiled = new WeakMap<RegExp, RE2JS>();

/**
 * Compiles a regular expression with RE2, whose time is proportional to the length of the text. JavaScript's own engine can block the
 * process for seconds (`/^(a+)+$/`). Throws when the expression needs look-around or back-references, which RE2 does not support.
 */
export function compileRegex(expression: RegExp): RE2JS {
  const known = compiled.get(expression);
  if (known) return known;
  let flags = 0;
  if (expression.ignoreCase) flags |= RE2JS.CASE_INSENSITIVE;
  if (expression.multiline) flags |= RE2JS.MULTILINE;
  const made = RE2JS.compile(RE2JS.translateRegExp(expression.source), flags);
  compiled.set(expression, made);
  return made;
}

/** Implements the part of RegExp that JSONata uses. */
export class RegexEngine {
  lastIndex = 0;
  private readonly pattern: RE2JS;

  constructor(expression: RegExp) {
    this.pattern = compileRegex(expression);
  }

  exec(text: string): Match | null {
    const matcher = this.pattern.matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    this.lastIndex = matcher.end();
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
    return Object.assign(groups, { index: matcher.start() });
  }
}
