import type { AnyPlugin } from '@sluice/plugin-api';
import type { z } from 'zod';
import { opensConnections } from '../contracts.js';
import type { ExpressionCheck, Visible } from '../lint/expressions.js';
import type { ConnectionSpec, Issuer, Settings } from '../model.js';
import type { Report } from '../report.js';
import type { Texts } from '../texts.js';
import type { ConnectionDraft, IssuerDraft } from '../workspace/drafts.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import type { Constants } from './constants.js';
import { namesRead, type Environment } from './environment.js';
import { compilePace } from './pace.js';
import type { Plugins } from './plugins.js';
import { checkSchema, secretScalars } from './schema-check.js';

/** What the compilation of sluice.yaml works with. */
export interface WorkspaceTools {
  readonly report: Report;
  readonly texts: Texts;
  readonly expressions: ExpressionCheck;
  readonly constants: Constants;
  readonly environment: Environment;
  readonly settings: Settings;
  readonly vars: Readonly<Record<string, unknown>>;
  /** What connections and options may read. */
  readonly visible: Visible;
}

/** Checks a connection against its plugin and evaluates it. Undefined when something is wrong, which is reported. */
export function compileConnection(draft: ConnectionDraft, plugins: Plugins, tools: WorkspaceTools): ConnectionSpec | undefined {
  const { report, texts, expressions, constants, vars } = tools;
  const before = report.findings.length;
  expressions.values(draft.with, tools.visible);
  const plugin = plugins.plugin(draft.plugin, draft.use, report);
  if (!plugin) return undefined;
  if (!opensConnections(plugin)) {
    report.error(draft.use, 'REF_CONNECTION', `${draft.plugin} needs no connection`, {
      do: 'delete it, and "connection" where it is used',
    });
    return undefined;
  }
  refuseLiteralSecrets(plugin.connection, draft.with, texts, report);
  const pace = compilePace(draft.pace, plugin, tools.settings, report);
  const check = { schema: plugin.connection, node: draft.with, what: 'with', at: draft.use, report, texts };
  const evaluated = report.hasErrorsAfter(before) ? undefined : constants.evaluate(draft.with, vars, texts, report);
  const checked = checkSchema({ ...check, evaluated });
  if (!evaluated || !checked) return undefined;
  return {
    name: draft.name,
    plugin: draft.plugin,
    place: { file: report.source.file, ...report.source.place(draft.nameNode.start) },
    config: checked.data,
    secrets: secretValues(plugin, draft.with, evaluated.value),
    ...(pace && { pace }),
  };
}

/** A secret comes from the environment: a literal would be in the repository. */
export function refuseLiteralSecrets(schema: z.ZodType, node: YamlNode | undefined, texts: Texts, report: Report): void {
  for (const secret of secretScalars(schema, node)) {
    const name = secret.kind === 'scalar' ? secretName(node, secret) : 'secret';
    refuseLiteralSecret(secret, name, texts, report);
  }
}

function refuseLiteralSecret(secret: ScalarNode, name: string, texts: Texts, report: Report): void {
  if (secret.empty || namesRead(secret, texts).length > 0) return;
  const variable = name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  report.error(secret, 'SECRET_LITERAL', `${name} is a secret and must come from the environment`, {
    write: `${name}: \${{ env.${variable} }}`,
  });
}

function secretName(node: YamlNode | undefined, secret: ScalarNode): string {
  return (
    (node &&
      pathTo(node, secret)
        ?.findLast((step) => typeof step === 'string')
        ?.toString()) ??
    'secret'
  );
}

function pathTo(node: YamlNode, wanted: YamlNode): PropertyKey[] | undefined {
  if (node === wanted) return [];
  const children: [PropertyKey, YamlNode][] =
    node.kind === 'map'
      ? node.entries.map(({ name, value }) => [name, value])
      : node.kind === 'list'
        ? [...node.items.entries()]
        : [];
  for (const [step, child] of children) {
    const rest = pathTo(child, wanted);
    if (rest) return [step, ...rest];
  }
  return undefined;
}

function secretValues(plugin: AnyPlugin, node: YamlNode | undefined, value: unknown): string[] {
  const values: string[] = [];
  for (const secret of secretScalars(plugin.connection, node)) {
    const path = node && pathTo(node, secret);
    const found = path?.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
    if (typeof found === 'string') values.push(found);
  }
  return values;
}

/** HS256 is as strong as its key: RFC 7518, section 3.2, asks for 256 bits at least. */
const SHORTEST_SECRET_BYTES = 32;

export function compileIssuer(draft: IssuerDraft, tools: WorkspaceTools): Issuer | undefined {
  const { report, texts, expressions, constants, vars } = tools;
  const secrets: string[] = [];
  for (const node of draft.secrets) {
    const before = report.findings.length;
    expressions.values(node, tools.visible);
    refuseLiteralSecret(node, 'secret', texts, report);
    const evaluated = report.hasErrorsAfter(before) ? undefined : constants.evaluate(node, vars, texts, report);
    if (!evaluated) continue;
    const secret = String(evaluated.value);
    if (Buffer.byteLength(secret) < SHORTEST_SECRET_BYTES) {
      report.error(node, 'FLOW_VALUE', `the secret of ${draft.name} is shorter than ${SHORTEST_SECRET_BYTES} bytes`, {
        do: 'make a longer one: openssl rand -base64 48',
      });
    }
    secrets.push(secret);
  }
  const { secrets: _nodes, ...rest } = draft;
  return secrets.length === draft.secrets.length ? { ...rest, secrets } : undefined;
}
