import type { AnyPlugin } from '@sluice/plugin-api';
import type { z } from 'zod';
import { triggerOf } from '../contracts.js';
import type { FlowDraft } from '../grammar/drafts.js';
import type { Report } from '../report.js';
import { textsOf, type Texts } from '../texts.js';
import type { WorkspaceDraft } from '../workspace/drafts.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';
import { namesRead, type Environment } from './environment.js';
import { secretScalars } from './schema-check.js';

/** Forbids constants and flows to read the variables that fill secret fields. Must be called before constants and flows are checked. */
export function protectSecrets(
  workspace: WorkspaceDraft,
  flows: readonly FlowDraft[],
  plugins: ReadonlyMap<string, AnyPlugin>,
  environment: Environment,
  texts: Texts,
): void {
  for (const connection of workspace.connections) {
    const schema = plugins.get(connection.plugin)?.connection;
    if (schema) for (const secret of secretScalars(schema, connection.with)) environment.protect(secret, texts);
  }
  for (const issuer of workspace.issuers) for (const secret of issuer.secrets) environment.protect(secret, texts);
  for (const { trigger, report } of flows) {
    const options = trigger.kind === 'plugin' && triggerOf(plugins.get(trigger.plugin), trigger.trigger)?.options;
    if (!options) continue;
    for (const secret of secretScalars(options, trigger.with)) environment.protect(secret, textsOf(report.source));
  }
}

/** Reports secrets written literally: they must come from the environment, because a literal would be in the repository. */
export function refuseLiteralSecrets(schema: z.ZodType, node: YamlNode | undefined, texts: Texts, report: Report): void {
  for (const secret of secretScalars(schema, node)) {
    const name = secret.kind === 'scalar' ? secretName(node, secret) : 'secret';
    refuseLiteralSecret(secret, name, texts, report);
  }
}

export function refuseLiteralSecret(secret: ScalarNode, name: string, texts: Texts, report: Report): void {
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

/**
 * Returns the values of secret fields, to be masked in logs and messages.
 * @param value the evaluated value of the node
 */
export function secretValues(schema: z.ZodType, node: YamlNode | undefined, value: unknown): string[] {
  const values: string[] = [];
  for (const secret of secretScalars(schema, node)) {
    const path = node && pathTo(node, secret);
    const found = path?.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
    if (typeof found === 'string') values.push(found);
  }
  return values;
}
