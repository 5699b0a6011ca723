import { Module } from '@nestjs/common';
import { pageController } from '@sluice/web-ui/server';
import { TimelineController } from './api.controller.js';

/** The page, built from the folder `page`. The path is the same from `src` and from `dist`. */
const PageController = pageController('timeline', new URL('../../dist/page/', import.meta.url));

/** The HTTP endpoints of all booking calendars of a workspace. */
@Module({ controllers: [PageController, TimelineController] })
export class TimelineModule {}
