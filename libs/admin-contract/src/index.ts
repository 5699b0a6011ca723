/**
 * The admin API of a host as one table of routes, from which the routes of the host, the OpenAPI document, the reference page and the
 * client derive. Imports zod only, so that a page in a browser can use it. Read `routes.ts` first.
 */
export { ADMIN_ROUTES, GATEWAY_ROUTES, HEALTH_ROUTES, HOST_ROUTES, type AdminRouteName, type HostRouteName } from './routes.js';
export type { AdminRoute, RequestInput, RequestOf, ResponseOf } from './route.js';
export { readRequest, RequestError, type RawRequest } from './read-request.js';
export { adminClient, ContractError, type AdminClient, type Transport } from './client.js';
export { cursorsOf, pageOfList, readPage, type Cursors } from './cursors.js';
export { collectPages, type Collected, type Page } from './pages.js';
export { errorsOf, openApi, type OpenApi } from './openapi.js';
export { CAPSULE, CAPSULE_VERSION, type Capsule, type CapsuleCall } from './capsule.js';
export { PROBLEM, MAX_PAGE_SIZE, MAX_COUNTED, MAX_PRUNED_QUEUES, MAX_STORY_ENTRIES, Text } from './schemas.js';
export type {
  AuditItem,
  DesktopUser,
  Diagnosis,
  HostStatus,
  Mailboxes,
  ParkedGroups,
  ParkedItem,
  RunItem,
  ShownRun,
  Story,
  Wait,
} from './routes.js';
