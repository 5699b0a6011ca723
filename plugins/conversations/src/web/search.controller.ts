import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { searchQuery, type searchPage } from '../contract.js';
import { ConversationsGuard, Visitor, type Visit } from './access.js';
import { shownProblem } from './problem.js';

/** The search in messages. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ConversationsGuard)
@Controller('api/conversations')
export class SearchController {
  @Get(':connection/search')
  @ApiOperation({ summary: 'Finds messages by words, their forms, their parts and with typing errors, newest first' })
  async search(
    @Visitor() { conversations, caller }: Visit,
    @Query({ schema: searchQuery }) query: z.output<typeof searchQuery>,
  ): Promise<z.output<typeof searchPage>> {
    return shownProblem(() => conversations.search.page(caller, query));
  }
}
