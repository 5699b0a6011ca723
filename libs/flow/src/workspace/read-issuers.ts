import { readFields, type Fields, type KeyTable } from '../grammar/fields.js';
import { isEventPattern, isName } from '../grammar/names.js';
import { readDuration, readTemplateText, readTexts } from '../grammar/values.js';
import type { Report } from '../report.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { firstUnit } from '../yaml/source-text.js';
import type { IssuerDraft } from './drafts.js';

const ISSUER: KeyTable = {
  of: 'an issuer',
  keys: ['secret', 'secrets', 'scopes', 'events', 'endpoints', 'topics', 'maxTtl', 'extensions', 'groups', 'workplaces'],
};
/** The issuer that signs tokens for the operator's own commands. Only this issuer may grant the operator scopes. */
const BUILT_IN = 'operator';
const OPERATOR_SCOPES: readonly string[] = ['viewer', 'admin'];
const DEFAULT_MAX_TTL_MS = 12 * 3_600_000;

/** Reads the issuers of tokens, with the rights that each may grant at most. */
export function readIssuers(node: YamlNode | undefined, report: Report): IssuerDraft[] {
  if (node === undefined) return [];
  if (node.kind !== 'map') {
    report.error(node, 'FLOW_VALUE', 'issuers is a map: a name, then its secret and the rights that it may grant', {
      do: "write for instance issuers: { erp: { secret: '${{ env.ERP_TOKEN_SECRET }}' } }",
    });
    return [];
  }
  const issuers: IssuerDraft[] = [];
  for (const { name, key, value } of node.entries) {
    if (!isName(name))
      report.error(key, 'FLOW_NAME', `"${name}" is not a valid name`, {
        do: 'use small Latin letters, digits and single dashes, a letter first',
      });
    if (name === BUILT_IN)
      report.error(key, 'FLOW_DUPLICATE', `the issuer "${BUILT_IN}" is built in`, { do: 'choose another name' });
    const issuer = readIssuer(name, value, report);
    if (issuer) issuers.push(issuer);
  }
  return issuers;
}

function readIssuer(name: string, node: YamlNode, report: Report): IssuerDraft | undefined {
  const fields = readFields(node, ISSUER, report);
  if (!fields) return undefined;
  const extensions = readTexts(fields.get('extensions'), 'extensions', report);
  const groups = readTexts(fields.get('groups'), 'groups', report);
  const workplaces = readTexts(fields.get('workplaces'), 'workplaces', report);
  const endpoints = readEndpoints(fields.get('endpoints'), report);
  return {
    name,
    secrets: readSecrets(fields, report),
    scopes: readScopes(fields.get('scopes'), report),
    events: readEvents(fields.get('events'), report),
    ...(endpoints && { endpoints }),
    topics: readTexts(fields.get('topics'), 'topics', report) ?? [],
    ...(extensions && { extensions }),
    ...(groups && { groups }),
    ...(workplaces && { workplaces }),
    maxTtlMs: readDuration(fields.get('maxTtl'), 'maxTtl', report) ?? DEFAULT_MAX_TTL_MS,
  };
}

function readSecrets(fields: Fields, report: Report): ScalarNode[] {
  const one = fields.get('secret');
  const several = fields.get('secrets');
  if (fields.has('secret') === fields.has('secrets')) {
    const message = `an issuer has either "secret" or, while two are in use, "secrets"`;
    report.error(firstUnit(fields.node), 'FLOW_VALUE', message, { write: "secret: '${{ env.ERP_TOKEN_SECRET }}'" });
  }
  if (several && (several.kind !== 'list' || several.items.length < 1 || several.items.length > 2)) {
    report.error(several, 'FLOW_VALUE', 'secrets is a list of one or two', {
      do: 'keep the secret that is in use and the one that replaces it',
    });
  }
  const nodes = [...(one ? [one] : []), ...(several?.kind === 'list' ? several.items : [])];
  return nodes.map((secret) => readTemplateText(secret, 'secret', report)).filter((secret) => secret !== undefined);
}

function readScopes(node: YamlNode | undefined, report: Report): string[] {
  const scopes = readTexts(node, 'scopes', report) ?? [];
  for (const scope of scopes) {
    if (node && OPERATOR_SCOPES.includes(scope))
      report.error(node, 'FLOW_VALUE', `only the built-in issuer may grant "${scope}"`, { do: 'delete it' });
  }
  return scopes;
}

function readEvents(node: YamlNode | undefined, report: Report): string[] {
  const events = readTexts(node, 'events', report) ?? [];
  const wrong = events.find((pattern) => !isEventPattern(pattern));
  if (node && wrong !== undefined)
    report.error(node, 'FLOW_VALUE', `"${wrong}" is not a valid event type`, {
      do: 'write words joined by dots, or a pattern: order.*',
    });
  return events;
}

/** Paths of `http.endpoint` triggers: `*` matches one segment, `**` at the end any number of segments. */
const ENDPOINT = /^\/in(\/(\*|[^/*]+))*(\/\*\*)?$/;

function readEndpoints(node: YamlNode | undefined, report: Report): string[] | undefined {
  const endpoints = readTexts(node, 'endpoints', report);
  const wrong = endpoints?.find((pattern) => !ENDPOINT.test(pattern));
  if (node && wrong !== undefined)
    report.error(node, 'FLOW_VALUE', `"${wrong}" is not a path of an endpoint`, {
      do: 'write a path that begins with /in/; * stands for one segment, ** at the end for any number',
    });
  return endpoints;
}
