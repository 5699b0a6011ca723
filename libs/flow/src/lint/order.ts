import type { FlowDraft } from '../grammar/drafts.js';
import { textsOf } from '../texts.js';
import { stepsOf, type UseDraft } from '../verbs/index.js';
import { scalarsOf, type ScalarNode } from '../yaml/nodes.js';

/** Names of fields that identify a document. */
const IDENTITY =
  /^(?:id|uuid|guid|ref|number|[Нн]омер|[Сс]сылка|[Ии]дентификатор)$|(?:Id|Guid|Uuid|Ref)$|(?:order|invoice|doc|document|payment)Number$/;

/** Types of events that happen to one document several times. */
const CHANGE = /(?:^|\.)(?:changed|updated|saved|modified|edited|written|moved)$/;

/** Returns whether events of these types may happen to one document several times. */
function mayRepeat(types: readonly string[]): boolean {
  return types.length > 1 || types.some((type) => /[*#]/.test(type) || CHANGE.test(type));
}

/**
 * Reports flows that send the identity of a document to a paced connection, in no order: two changes of one document may then reach the
 * remote system in the wrong order. Flows with `deliver.dedupe` or `deliver.concurrency` are not reported: the first carries out a
 * document once, and the second states that the runs are independent. Neither are flows for one
 * type of event that does not look like a change of a document.
 *
 * @param paced the names of the connections with a pace
 */
export function checkOrder(flow: FlowDraft, paced: ReadonlySet<string>): void {
  const { deliver, trigger, report } = flow;
  if (flow.partial || deliver.key || deliver.dedupe || deliver.concurrency !== undefined) return;
  if (trigger.kind !== 'event' && trigger.kind !== 'plugin') return;
  if (trigger.kind === 'event' && !mayRepeat(trigger.types.map(({ value }) => String(value)))) return;
  for (const step of stepsOf(flow)) {
    if (step.verb !== 'use' || !paced.has(String(step.connection?.value))) continue;
    const found = identityIn(step, flow);
    if (!found) continue;
    const message = `this step sends ${found.path}, but the runs of this flow are in no order: two changes of one document may overtake each other`;
    report.warning(found.node, 'POLICY_ORDER', message, {
      do: `write deliver: { key: '\${{ ${found.path} }}' }, or deliver: { concurrency: 10 } if their order does not matter`,
    });
    return;
  }
}

/** Finds a whole expression in `with` that is the subject of the event, or a field of its data that identifies a document. */
function identityIn(step: UseDraft, flow: FlowDraft): { readonly path: string; readonly node: ScalarNode } | undefined {
  const texts = textsOf(flow.report.source);
  for (const node of step.with ? scalarsOf(step.with) : []) {
    if (!texts.parse(node)?.whole) continue;
    const [part] = texts.expressions(node);
    const [root, first, ...rest] = part?.references.length === 1 ? (part.references[0]?.path ?? []) : [];
    const name = rest.at(-1);
    const isIdentity =
      root === 'trigger' &&
      ((first === 'subject' && rest.length === 0) || (first === 'data' && name !== undefined && IDENTITY.test(name)));
    if (part && isIdentity && /^[\p{L}\p{N}_.]+$/u.test(part.source.trim())) return { path: part.source.trim(), node };
  }
  return undefined;
}
