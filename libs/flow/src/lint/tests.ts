import type { AnyPlugin } from '@sluice/plugin-api';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Texts } from '../texts.js';
import type { ExpressionCheck } from './expressions.js';

/** Checks the shape of `tests:`. */
export function checkTests(
  _flow: FlowDraft,
  _plugins: ReadonlyMap<string, AnyPlugin>,
  _texts: Texts,
  _expressions: ExpressionCheck,
): void {}
