import { Module } from '@nestjs/common';
import { TimelineController } from './api.controller.js';
import { PageController } from './page.controller.js';

/** The HTTP endpoints of all booking calendars of a workspace. */
@Module({ controllers: [PageController, TimelineController] })
export class TimelineModule {}
