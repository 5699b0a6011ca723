import { readVars, readVersion } from '../grammar/read-flow.js';
import { readFields, type KeyTable } from '../grammar/fields.js';
import { isName } from '../grammar/names.js';
import { readDuration, readInteger, readSize, readText } from '../grammar/values.js';
import type { Settings } from '../model.js';
import type { Report } from '../report.js';
import type { MapNode, YamlNode } from '../yaml/nodes.js';
import type { ConnectionDraft, NamedLocation, WorkspaceDraft } from './drafts.js';
import { readIssuers } from './read-issuers.js';
import { readPace } from './read-pace.js';
import { readTimezone } from './read-timezone.js';

const DAY_MS = 86_400_000;

const WORKSPACE: KeyTable = { of: 'sluice.yaml', keys: ['sluice', 'plugins', 'vars', 'issuers', 'settings', 'connections'] };
const SETTINGS: KeyTable = { of: 'settings', keys: ['timezone', 'country', 'limits', 'retention', 'rabbit'] };
const LIMITS: KeyTable = {
  of: 'settings.limits',
  keys: ['event', 'hops', 'parked', 'steps'],
  advice: { inline: 'delete the line: each body travels with its event' },
};
const RETENTION: KeyTable = { of: 'settings.retention', keys: ['journal', 'parked', 'mailbox', 'steps'] };
const RABBIT: KeyTable = { of: 'settings.rabbit', keys: ['consumerTimeout'] };
const CONNECTION: KeyTable = { of: 'a connection', keys: ['use', 'with', 'pace'] };

/** Reads the only document of sluice.yaml. */
export function readWorkspace(root: MapNode, report: Report): WorkspaceDraft | undefined {
  const fields = readFields(root, WORKSPACE, report);
  if (!fields) return undefined;
  readVersion(fields, report);
  const vars = readVars(fields.get('vars'), report);
  return {
    plugins: readPlugins(fields.need('plugins'), report),
    ...(vars && { vars }),
    settings: readSettings(fields.get('settings'), report),
    issuers: readIssuers(fields.get('issuers'), report),
    connections: readConnections(fields.get('connections'), report),
  };
}

function readPlugins(node: YamlNode | undefined, report: Report): NamedLocation[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') {
    report.error(node, 'FLOW_VALUE', 'plugins is a list of npm packages or ./folders', {
      write: "plugins: ['@sluice/plugin-onec-http']",
    });
    return [];
  }
  const plugins: NamedLocation[] = [];
  for (const item of node.items) {
    const name = readText(item, 'an item of plugins', report);
    if (name === undefined) continue;
    if (plugins.some((plugin) => plugin.name === name))
      report.error(item, 'FLOW_DUPLICATE', `"${name}" is listed twice`, { do: 'delete one of the two' });
    else plugins.push({ name, location: { file: report.source.file, ...report.source.location(item.start) } });
  }
  return plugins;
}

const DEFAULT_SETTINGS: Settings = {
  country: 'RU',
  limits: { eventBytes: 4 * 1024 ** 2, hops: 32, parkedBytes: 1024 ** 3, stepsBytes: 1024 ** 3 },
  retention: { journalMs: 30 * DAY_MS, parkedMs: 365 * DAY_MS, mailboxMs: 7 * DAY_MS, stepsMs: 3 * DAY_MS },
  rabbit: { consumerTimeoutMs: 30 * 60_000 },
};

function readSettings(node: YamlNode | undefined, report: Report): Settings {
  const fields = node && readFields(node, SETTINGS, report);
  if (!fields) return DEFAULT_SETTINGS;
  const timezone = readTimezone(fields.get('timezone'), report);
  return {
    ...(timezone !== undefined && { timezone }),
    country: readCountry(fields.get('country'), report) ?? DEFAULT_SETTINGS.country,
    limits: readLimits(fields.get('limits'), report),
    retention: readRetention(fields.get('retention'), report),
    rabbit: readRabbit(fields.get('rabbit'), report),
  };
}

function readCountry(node: YamlNode | undefined, report: Report): string | undefined {
  const country = readText(node, 'country', report);
  if (country === undefined || node === undefined || /^[A-Z]{2}$/.test(country)) return country;
  report.error(node, 'FLOW_VALUE', 'country is two capital letters', { write: 'country: RU' });
  return undefined;
}

function readLimits(node: YamlNode | undefined, report: Report): Settings['limits'] {
  const fields = node && readFields(node, LIMITS, report);
  const { eventBytes, hops, parkedBytes, stepsBytes } = DEFAULT_SETTINGS.limits;
  return {
    eventBytes: readSize(fields?.get('event'), 'event', report) ?? eventBytes,
    hops: readInteger(fields?.get('hops'), 'hops', { min: 1 }, report) ?? hops,
    parkedBytes: readSize(fields?.get('parked'), 'parked', report) ?? parkedBytes,
    stepsBytes: readSize(fields?.get('steps'), 'steps', report) ?? stepsBytes,
  };
}

function readRetention(node: YamlNode | undefined, report: Report): Settings['retention'] {
  const fields = node && readFields(node, RETENTION, report);
  const { journalMs, parkedMs, mailboxMs, stepsMs } = DEFAULT_SETTINGS.retention;
  return {
    journalMs: readDuration(fields?.get('journal'), 'journal', report, 0) ?? journalMs,
    parkedMs: readDuration(fields?.get('parked'), 'parked', report, 0) ?? parkedMs,
    mailboxMs: readDuration(fields?.get('mailbox'), 'mailbox', report, 0) ?? mailboxMs,
    stepsMs: readDuration(fields?.get('steps'), 'steps', report, 0) ?? stepsMs,
  };
}

function readRabbit(node: YamlNode | undefined, report: Report): Settings['rabbit'] {
  const fields = node && readFields(node, RABBIT, report);
  const consumerTimeoutMs = readDuration(fields?.get('consumerTimeout'), 'consumerTimeout', report);
  return { consumerTimeoutMs: consumerTimeoutMs ?? DEFAULT_SETTINGS.rabbit.consumerTimeoutMs };
}

function readConnections(node: YamlNode | undefined, report: Report): ConnectionDraft[] {
  if (node === undefined) return [];
  if (node.kind !== 'map') {
    report.error(node, 'FLOW_VALUE', 'connections is a map: a name, then its use and with', {
      do: 'write a line with the name of each connection, and below it its use and with',
    });
    return [];
  }
  const connections: ConnectionDraft[] = [];
  for (const { name, key, value } of node.entries) {
    if (!isName(name))
      report.error(key, 'FLOW_NAME', `"${name}" is not a valid name`, {
        do: 'use small Latin letters, digits and single dashes, a letter first',
      });
    const fields = readFields(value, CONNECTION, report);
    if (!fields) continue;
    const use = fields.need('use');
    const plugin = readText(use, 'use', report);
    const options = fields.get('with');
    if (options && options.kind !== 'map')
      report.error(options, 'FLOW_VALUE', 'with is a map', { do: 'write its keys, each with a value' });
    const pace = readPace(fields.get('pace'), report);
    if (plugin === undefined || use?.kind !== 'scalar') continue;
    connections.push({
      name,
      nameNode: key,
      use,
      plugin,
      ...(options?.kind === 'map' && { with: options }),
      ...(pace && { pace }),
    });
  }
  return connections;
}
