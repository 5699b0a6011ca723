import type { AnyPlugin } from '@sluice/plugin-api';
import type { FlowDraft } from '../grammar/drafts.js';
import type { TriggerSource } from '../model.js';
import { triggerOf, type RequestRoute } from '../contracts.js';
import { entryOf } from '../yaml/nodes.js';
import type { Span } from '../yaml/source-text.js';

/** A flow as written, with the source of its events. */
export interface TriggeredDraft {
  readonly draft: FlowDraft;
  readonly trigger: TriggerSource;
}

const PARAMETER = /\{[^/]*\}/g;

/** Reports flows that listen to the same requests: only one of them could receive them. */
export function checkRoutes(flows: readonly TriggeredDraft[], plugins: ReadonlyMap<string, AnyPlugin>): void {
  const byRequests = new Map<string, { readonly draft: FlowDraft; readonly route: RequestRoute }[]>();
  for (const { draft, trigger } of flows) {
    const route = routeOf(trigger, plugins);
    if (!route) continue;
    // the name of a parameter does not change the requests that a route matches
    const requests = `${route.method} ${route.path.replace(PARAMETER, '{}')}`;
    byRequests.set(requests, [...(byRequests.get(requests) ?? []), { draft, route }]);
  }
  for (const same of byRequests.values()) {
    for (const { draft, route } of same.length > 1 ? same : []) {
      const other = same.find((one) => one.draft !== draft);
      if (!other) continue;
      const { file } = other.draft.report.source;
      const { line } = other.draft.report.source.location(placeOf(other.draft).start);
      const message = `the flow "${other.draft.name}" (${file}:${line}) receives the same requests: ${other.route.method} ${other.route.path}`;
      draft.report.error(placeOf(draft), 'FLOW_ROUTE', message, {
        do: `write another path or method than ${route.method} ${route.path}, or join the two flows`,
      });
    }
  }
}

function routeOf(trigger: TriggerSource, plugins: ReadonlyMap<string, AnyPlugin>): RequestRoute | undefined {
  if (trigger.kind !== 'plugin') return undefined;
  return triggerOf(plugins.get(trigger.plugin), trigger.trigger)?.route?.(trigger.options);
}

/** The place of the path, or of the trigger when it has no `path`. */
function placeOf({ trigger, nameNode }: FlowDraft): Span {
  if (trigger.kind !== 'plugin') return nameNode;
  return entryOf(trigger.with, 'path')?.value ?? trigger.use;
}
