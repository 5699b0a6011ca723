import { Api } from './api.js';
import { byId } from './dom.js';
import { Page } from './page.js';
import { language, texts } from './texts.js';

document.documentElement.lang = language;
document.title = texts.title;
byId('help', HTMLElement).textContent = texts.help;
byId('offline', HTMLElement).textContent = texts.offline;

const api = await Api.open();
await Page.open(api);
