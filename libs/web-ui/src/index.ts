// Serves the built page of a plugin: page-controller.ts first. The design system itself is in ../ui.
export { pageController } from './page-controller.js';
export { PageFiles, type PageFile } from './page-files.js';
