import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Put, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PluginConnections } from '@sluice/plugin-api';
import type { z } from 'zod';
import {
  discussionChange,
  newDiscussion,
  type Discussion,
  type DiscussionChange,
  type MemberPage,
  type NewDiscussion,
} from '../contract.js';
import { peopleOf } from '../people/people-of.js';
import { ConversationsGuard, Visitor, type Visit } from './access.js';
import { shownProblem } from './problem.js';
import { DiscussionsQuery, Id, MembersQuery } from './shapes.js';

/** Discussions and their members. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ConversationsGuard)
@Controller('api/conversations')
export class DiscussionsController {
  constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

  @Get()
  @ApiOperation({ summary: 'Lists the connections of this workspace that use conversations' })
  names(): object {
    return { connections: [...this.connections.of('conversations').keys()] };
  }

  @Get(':connection/discussions')
  @ApiOperation({
    summary: 'Returns the discussions of the caller with unread messages and the newest message, newest activity first',
  })
  async list(
    @Visitor() { conversations, actor }: Visit,
    @Query({ schema: DiscussionsQuery }) query: z.output<typeof DiscussionsQuery>,
  ): Promise<{ discussions: Discussion[]; next?: string }> {
    return shownProblem(() => conversations.discussions.list(actor, query));
  }

  @Post(':connection/discussions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Creates a discussion, or returns the one with the same key or of the same pair. Can be repeated, except for groups',
  })
  async open(
    @Visitor() { conversations, caller, actor }: Visit,
    @Body({ schema: newDiscussion }) wanted: NewDiscussion,
  ): Promise<{ discussion: Discussion; created: boolean }> {
    return shownProblem(async () => {
      const members = await peopleOf(conversations.tables, actor, wanted.members);
      const { discussions, quotas } = conversations;
      return discussions.open(actor, { ...wanted, members }, undefined, {
        creating: () => quotas.create(caller),
        notCreated: () => quotas.notCreated(caller),
      });
    });
  }

  @Get(':connection/discussions/:id')
  @ApiOperation({ summary: 'Returns a discussion' })
  async get(@Visitor() { conversations, actor }: Visit, @Param('id', { schema: Id }) id: string): Promise<Discussion> {
    return shownProblem(() => conversations.discussions.get(actor, id));
  }

  @Patch(':connection/discussions/:id')
  @ApiOperation({ summary: 'Changes the title, archive and retention (owners), or mutes the discussion for the caller' })
  async change(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: discussionChange }) change: DiscussionChange,
  ): Promise<Discussion> {
    return shownProblem(() => conversations.discussions.change(actor, id, change));
  }

  @Get(':connection/discussions/:id/members')
  @ApiOperation({ summary: 'Returns the members in the order of joining' })
  async members(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: MembersQuery }) { after, limit }: z.output<typeof MembersQuery>,
  ): Promise<MemberPage> {
    return shownProblem(() => conversations.discussions.members(actor, id, after, limit));
  }

  @Put(':connection/discussions/:id/members/:person')
  @HttpCode(204)
  @ApiOperation({ summary: 'Adds a member (owners)' })
  async invite(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('person', { schema: Id }) person: string,
  ): Promise<void> {
    await shownProblem(() => conversations.discussions.invite(actor, id, [person]));
  }

  @Delete(':connection/discussions/:id/members/:person')
  @HttpCode(204)
  @ApiOperation({ summary: 'Removes a member (owners), or the caller: he leaves the discussion' })
  async remove(
    @Visitor() { conversations, actor }: Visit,
    @Param('id', { schema: Id }) id: string,
    @Param('person', { schema: Id }) person: string,
  ): Promise<void> {
    await shownProblem(() => conversations.discussions.remove(actor, id, person));
  }
}
