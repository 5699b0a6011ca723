import { Module } from '@nestjs/common';
import { TimelineController } from './api.controller.js';
import { PageController } from './page.controller.js';

/** The web side of all journals of a workspace. */
@Module({ controllers: [PageController, TimelineController] })
export class TimelineModule {}
