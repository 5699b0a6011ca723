import { Api } from './api.js';
import { showFailure } from './failure-note.js';
import { Page } from './page.js';
import { language, texts } from './texts.js';

document.documentElement.lang = language;
document.title = texts.title;

try {
  await Page.open(await Api.open());
} catch (error) {
  showFailure(error);
}
