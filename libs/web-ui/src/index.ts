// Server side of a plugin with a page: page-controller.ts first, then connection-guard.ts and problems.ts for its API. The design system is in ../ui.
export { connectionGuard, type ConnectionClient, type ConnectionGuard, type ConnectionGuardOptions } from './connection-guard.js';
export { pageController } from './page-controller.js';
export { PageFiles, type PageFile } from './page-files.js';
export { problems, type Problems } from './problems.js';
