import { ApiClient, Session, startPage } from '@sluice/web-ui';
import { App } from './app.js';
import './style.css';
import { texts } from './texts.js';

const session = new Session();
startPage({ title: texts.title, session, page: <App client={new ApiClient(session)} session={session} /> });
