import type { FindingCode } from '../codes.js';
import type { ExpressionPart } from './parse-text.js';
import { shifted, type ExpressionProblem, type TextChange } from './problem.js';
import type { Reference, Span } from './references.js';
import { childrenOf, coalesced, type SyntaxNode } from './syntax.js';
import type { Token } from './tokens.js';

/** An expression with its tree and its tokens, for the rules. Offsets are those of the source. */
export class SourceView {
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly references: readonly Reference[];
  private written: readonly SyntaxNode[] | undefined;
  private types: ReadonlySet<string> | undefined;
  private tokenByEnd: ReadonlyMap<number, Token> | undefined;

  constructor(
    private readonly part: ExpressionPart,
    readonly ast: SyntaxNode,
  ) {
    this.source = part.source;
    this.tokens = part.tokens;
    this.references = part.references.map((reference) => ({
      ...reference,
      spans: reference.spans.map((span) => ({ start: span.start - part.sourceStart, end: span.end - part.sourceStart })),
    }));
  }

  /** All nodes as written: of the two copies of the left operand of `??` and `?:`, only one. */
  get nodes(): readonly SyntaxNode[] {
    return (this.written ??= collect(this.ast));
  }

  /** Returns whether the expression contains a node of this type. */
  has(type: string): boolean {
    this.types ??= new Set(this.nodes.map((node) => node.type));
    return this.types.has(type);
  }

  /**
   * Returns a problem with the offsets of the text that contains the expression.
   * @param edit the change that carries out `write`, where that is mechanical
   */
  problem(
    code: FindingCode,
    severity: 'error' | 'warning',
    message: string,
    { start, end }: Span,
    write?: string,
    edit?: TextChange,
  ): ExpressionProblem {
    const problem = {
      code,
      severity,
      message,
      start,
      end,
      ...(write !== undefined && { write }),
      ...(edit && { edits: [edit] }),
    };
    return shifted(problem, this.part.sourceStart);
  }

  /** Returns the token that represents a node: the operator of a binary node, the word of a name. */
  tokenOf(node: SyntaxNode): Token | undefined {
    this.tokenByEnd ??= new Map(this.tokens.map((token) => [token.end, token]));
    return node.position === undefined ? undefined : this.tokenByEnd.get(node.position);
  }

  /** Returns the span of the whole node, including closing brackets. */
  spanOf(node: SyntaxNode): Span {
    const own = collect(node).flatMap((each) => this.tokenOf(each) ?? []);
    const start = Math.min(...own.map((token) => token.start));
    const end = Math.max(...own.map((token) => token.end));
    return { start, end: this.closed(start, end) };
  }

  textOf(node: SyntaxNode): string {
    const { start, end } = this.spanOf(node);
    return this.source.slice(start, end);
  }

  /** Moves the end after the brackets that are open there. */
  private closed(start: number, end: number): number {
    let depth = 0;
    for (const token of this.tokens) {
      if (token.start < start) continue;
      if (token.start >= end && depth === 0) break;
      if ('([{'.includes(token.text)) depth += 1;
      if (')]}'.includes(token.text)) depth -= 1;
      if (depth === 0 && token.end > end) return token.end;
    }
    return end;
  }

  indexOfToken(start: number): number {
    return this.tokens.findIndex((token) => token.start === start);
  }
}

function collect(node: SyntaxNode, found: SyntaxNode[] = []): readonly SyntaxNode[] {
  found.push(node);
  const copy = node.type === 'condition' && coalesced(node) ? node.condition : undefined;
  for (const child of childrenOf(node)) if (child !== copy) collect(child, found);
  return found;
}

const PLAIN_NAME = /^[\p{Letter}_№][\p{Letter}\p{Number}_№]*$/u;
const WORDS = new Set(['and', 'or', 'in', 'true', 'false', 'null', 'function']);

/** Returns a name as part of a path: in backticks when it needs them. */
export function asName(name: string): string {
  return PLAIN_NAME.test(name) && !WORDS.has(name) ? name : `\`${name}\``;
}

export function asPath(names: readonly string[]): string {
  return names.map(asName).join('.');
}
