/**
 * Fakes, conformance suites and private servers for tests. Not for production code.
 *
 * - `busConformance`, `pacerConformance`, `storeConformance`: the tests that every adapter of a port must pass.
 * - `desktopGatewayConformance`: the tests that every gateway to desktop clients must pass.
 * - `actionContract`, `triggerContract`: the tests that every connector must pass. `openPlugin`, `openEndpoint`: a plugin without an
 *   engine.
 * - `FakeHost`, `FakeServices`, `FakeWorkspace`, `MemoryDesktops`: the services of the engine for a plugin. Bus, store and pacer in memory are
 *   in `@sluice/memory`.
 * - `startPostgres`, `startRabbit`, `startRedis`, `openProxy`: servers of a test's own.
 *
 * Read `conformance/bus.ts` for a port, and `plugin/action-contract.ts` for a connector.
 */
export { busConformance, type BusHarness, type BusTraits } from './conformance/bus.js';
export { openInbox, settled, until, type Inbox } from './conformance/inbox.js';
export { CERTIFICATE, KEY } from './servers/certificate.js';
export { openProxy, type Proxy } from './servers/proxy.js';
export { startRabbit, type RabbitServer, type RabbitServerOptions } from './servers/rabbitmq.js';
export { startRedis, type RedisServer } from './servers/redis.js';
export { storeConformance, type StoreHarness, type StoreTraits } from './conformance/store.js';
export { startPostgres, type PostgresServer } from './servers/postgres.js';
export { openPlugin, type EmittedEvent, type OpenedPlugin, type OpenOptions } from './plugin/open-plugin.js';
export { openEndpoint, type EndpointOptions, type OpenedEndpoint, type SentRequest } from './plugin/open-endpoint.js';
export { FakeHost, MemoryLog, type LogLine } from './plugin/fake-host.js';
export { FakeServices, FakeWorkspace, type PublishedEvent } from './plugin/fake-services.js';
export { actionContract, type ActionContract, type ActionPeer } from './plugin/action-contract.js';
export { triggerContract, type TriggerContract, type TriggerPeer } from './plugin/trigger-contract.js';
export { answerOk, startWebService, type Answer, type SeenRequest, type WebService } from './plugin/web-service.js';
export { pacerConformance, type PacerHarness, type PacerTraits } from './conformance/pacer.js';
export {
  desktopGatewayConformance,
  type ConnectOptions,
  type DesktopGatewayHarness,
  type DesktopGatewayHost,
  type DesktopMessageView,
  type TestDesktop,
} from './conformance/desktop-gateway.js';
export { MemoryDesktop, MemoryDesktopHost, MemoryDesktops } from './plugin/memory-desktops.js';
