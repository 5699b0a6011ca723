/**
 * The contract between Sluice and its connectors: everything that the author of a plugin needs. It imports no other package of Sluice.
 * Read `plugin.ts` first (`definePlugin`, `trigger`, `action`), then `errors.ts` (which error to throw and how the engine reacts to it).
 */
export {
  SluiceError,
  isSluiceError,
  failures,
  fail,
  engineFail,
  viewError,
  SHARED_CODES,
  ENGINE_CODES,
  type Fate,
  type Sent,
  type FailureOptions,
  type FailureRow,
  type Failures,
  type ErrorView,
} from './errors.js';
export { pause, systemClock, type Clock, type Timer } from './clock.js';
export { ChangeNotifier } from './change-notifier.js';
export { raceAbort } from './race-abort.js';
export { parseBody, refuseEncoded, writeBody } from './body.js';
export { BODY_CODES, bodyKind, decodeText, encodeText, mediaTypeOf, namesEncoding, type BodyKind } from './charset.js';
export { parseQuery, type FormValue } from './form.js';
export { parseJson, type LossyNumbers } from './json.js';
export { isEventType, typeMatches, newEventId, runId, derivedId, type EventAttributes, type EventMessage } from './event.js';
export {
  secret,
  duration,
  size,
  parseDuration,
  parseSize,
  DURATION_PATTERN,
  MAX_DURATION,
  MAX_SIZE,
  SIZE_PATTERN,
} from './schemas.js';
export {
  definePlugin,
  trigger,
  hostTrigger,
  action,
  type ActionSpec,
  type AnyAction,
  type AnyHostTrigger,
  type AnyPlugin,
  type AnyTrigger,
  type Call,
  type HostTriggerSpec,
  type Idempotence,
  type NestModule,
  type Objection,
  type PaceDefaults,
  type PluginSpec,
  type SourceKind,
  type TriggerSpec,
  type WrittenStep,
} from './plugin.js';
export { CAPABILITIES, type Capabilities, type CapabilityName, type CapabilityUse } from './capabilities.js';
export type {
  DesktopClient,
  DesktopDeliveryOptions,
  DesktopDeliveryResult,
  DesktopEvent,
  DesktopGateway,
  DesktopMessage,
  DesktopPresence,
  DesktopSession,
  DestinationSpec,
  PresenceChange,
  Recipients,
  RegisteredDestination,
} from './desktops.js';
export type { Accept, Accepted, NewEvent, Reply } from './events.js';
export type { Host, Log } from './host.js';
export { sourceOf, type Bearer, type HttpRequest, type HttpRoute, type RouteRegistrar } from './http.js';
export {
  type Closable,
  type Database,
  PluginConnections,
  RUNTIME_ISSUER_SCOPES,
  type Meter,
  type Peers,
  type UpgradeRegistrar,
  type RuntimeIssuer,
  type RuntimeIssuers,
  type Services,
  type Tokens,
  type Upgrade,
  type UsedCapabilities,
} from './services.js';
