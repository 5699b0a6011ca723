import { opensConnections } from '../contracts.js';
import type { ExpressionCheck, Visible } from '../lint/expressions.js';
import { TIMEOUT_CURE } from '../lint/policies.js';
import type { Shape } from '../lint/shapes.js';
import type { ConnectionSpec, Issuer, Settings } from '../model.js';
import type { Report } from '../report.js';
import type { Texts } from '../texts.js';
import type { ConnectionDraft, IssuerDraft } from '../workspace/drafts.js';
import type { Constants } from './constants.js';
import type { Environment } from './environment.js';
import { compilePace } from './pace.js';
import type { Plugins } from './plugins.js';
import { checkSchema } from './schema-check.js';
import { refuseLiteralSecret, refuseLiteralSecrets, secretValues } from './secrets.js';

/** The tools and values that the compilation of sluice.yaml shares. */
export interface WorkspaceTools {
  readonly report: Report;
  readonly texts: Texts;
  readonly expressions: ExpressionCheck;
  readonly constants: Constants;
  readonly environment: Environment;
  readonly settings: Settings;
  /** Values of the constants of sluice.yaml; `varsShape` describes their structure. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly varsShape: Shape;
  /** The constants of sluice.yaml as JSON, before their expressions are evaluated. */
  readonly varsText: string;
  /** The names that expressions in connections and options may read. */
  readonly visible: Visible;
}

/** Checks a connection against its plugin and evaluates it. Returns undefined when it has reported an error. */
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
  plugins.requireCapabilities(plugin, draft.use, report);
  refuseLiteralSecrets(plugin.connection, draft.with, texts, report);
  const pace = compilePace(draft.pace, plugin, tools.settings, report);
  const check = { schema: plugin.connection, node: draft.with, what: 'with', at: draft.use, report, texts };
  const evaluated = report.hasErrorsAfter(before) ? undefined : constants.evaluate(draft.with, vars, texts, report);
  const checked = checkSchema({ ...check, evaluated });
  if (!evaluated || !checked) return undefined;
  checkTimeout(draft, checked.data, tools);
  return {
    name: draft.name,
    plugin: draft.plugin,
    location: { file: report.source.file, ...report.source.location(draft.nameNode.start) },
    config: checked.data,
    secrets: secretValues(plugin.connection, draft.with, evaluated.value),
    ...(pace && { pace }),
  };
}

/** Warns when one call may outlast RabbitMQ's consumer timeout: in each plugin, `timeout` limits one call, in milliseconds. */
function checkTimeout(draft: ConnectionDraft, config: unknown, { report, settings }: WorkspaceTools): void {
  const { timeout } = config as { readonly timeout?: unknown };
  const { consumerTimeoutMs } = settings.rabbit;
  if (typeof timeout !== 'number' || timeout <= consumerTimeoutMs) return;
  const message = `a call of ${draft.name} may take ${timeout / 1_000} s, but RabbitMQ requeues its message after ${consumerTimeoutMs / 1_000} s`;
  report.warning(draft.nameNode, 'POLICY_TIMEOUT', message, { do: TIMEOUT_CURE });
}

/** HS256 is only as strong as its key: RFC 7518, section 3.2, requires at least 256 bits. */
const MIN_SECRET_BYTES = 32;

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
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      report.error(node, 'FLOW_VALUE', `the secret of ${draft.name} is shorter than ${MIN_SECRET_BYTES} bytes`, {
        do: 'make a longer one: openssl rand -base64 48',
      });
    }
    secrets.push(secret);
  }
  const { secrets: _nodes, ...rest } = draft;
  return secrets.length === draft.secrets.length ? { ...rest, secrets } : undefined;
}
