import type { EmitStep } from '@sluice/flow';
import { derivedId } from '@sluice/plugin-api';
import { chain } from '../../maybe-promise.js';
import { delayedEvent } from '../delayed-events.js';
import { renderEmit, type EmitContent } from '../emit-content.js';
import { emitCause, emittedEvent } from '../emitted.js';
import { writeData } from '../event-data.js';
import type { Hop } from '../hop.js';
import type { Node } from '../program.js';
import type { Verb, VerbContext } from './verb.js';

const JSON_TYPE = 'application/json';

export const emit: Verb<EmitStep> = (context, hop, node) =>
  chain(renderEmit(node.step, hop.scope), (content) => emitted(context, hop, node, content));

function emitted(
  { flow, settings, clock, ingress, observer }: VerbContext,
  hop: Hop,
  { step, next }: Node<EmitStep>,
  content: EmitContent,
) {
  const cause = emitCause(hop.event, flow.name, settings.limits, clock.now());
  const asItCame = content.datacontenttype === undefined ? hop.bodyOf(content.data) : undefined;
  const carried = asItCame
    ? { body: asItCame, datacontenttype: hop.event.datacontenttype ?? JSON_TYPE }
    : writeData(content.data, content.datacontenttype, cause.bytesLimit);
  // copied only where it differs, because this is the most expensive part of a hop
  const keyed = flow.deliver.key && content.partitionkey === undefined ? { ...content, partitionkey: hop.lane?.key } : content;
  const message = emittedEvent(cause, keyed, carried, derivedId(hop.run, hop.pathOf(step.id)));
  const { id, type } = message.attributes;
  hop.recorder?.emitted(hop.recorded, hop.pathOf(step.id), keyed);
  hop.record(step.id, { id, type });
  hop.outputs.push(step.afterMs === undefined ? { message } : delayedEvent(message, cause.now + step.afterMs));
  if (step.afterMs === undefined && !ingress.hasSubscriber(type)) observer.unrouted(message.attributes);
  return next;
}
