import { opensExpression, parseText, type ExpressionPart, type ParsedText } from './expression/index.js';
import { Alignment } from './yaml/align.js';
import type { ScalarNode } from './yaml/nodes.js';
import type { SourceText, Span } from './yaml/source-text.js';

/** Returns the texts of a file. All readers share one instance, so that each expression is parsed only once. */
export function textsOf(source: SourceText): Texts {
  let texts = ofSources.get(source);
  if (texts === undefined) {
    texts = new Texts(source);
    ofSources.set(source, texts);
  }
  return texts;
}

const ofSources = new WeakMap<SourceText, Texts>();

/** The texts of one file with their expressions. Parses each text once, and maps offsets in a text to offsets in the file. */
export class Texts {
  private readonly parsed = new Map<ScalarNode, ParsedText>();
  private readonly alignments = new Map<ScalarNode, Alignment>();
  private readonly ofScalars = new Map<ScalarNode, readonly ExpressionPart[]>();

  constructor(readonly source: SourceText) {}

  /** Parses a scalar. Returns undefined for a scalar that is not a text, and for a text without expressions. */
  parse(node: ScalarNode): ParsedText | undefined {
    if (typeof node.value !== 'string' || !opensExpression(node.value)) return undefined;
    let text = this.parsed.get(node);
    if (text === undefined) {
      text = parseText(node.value);
      this.parsed.set(node, text);
    }
    return text;
  }

  /** Returns the span in the file for a range of offsets in a text's value. */
  span(node: ScalarNode, start: number, end: number): Span {
    let alignment = this.alignments.get(node);
    if (alignment === undefined) {
      alignment = new Alignment(node, this.source);
      this.alignments.set(node, alignment);
    }
    return alignment.span(start, end);
  }

  /** Returns the expressions of a scalar; an empty list for a scalar that is not a text. */
  expressions(node: ScalarNode): readonly ExpressionPart[] {
    const text = this.parse(node);
    if (!text) return NONE;
    let found = this.ofScalars.get(node);
    if (found === undefined) {
      found = text.parts.filter((part) => part.kind === 'expression');
      this.ofScalars.set(node, found);
    }
    return found;
  }

  hasExpression(node: ScalarNode): boolean {
    return this.parse(node) !== undefined;
  }
}

const NONE: readonly ExpressionPart[] = [];
