import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  MAX_TEXT_CHARS,
  personChange,
  personImport,
  personQuery,
  type me,
  type Person,
  type personChangeResult,
  type personImportResult,
  type personPage,
} from '../contract.js';
import { conversationsFail } from '../failures.js';
import { isServer, SERVER } from '../scopes.js';
import { ConversationsGuard, Manager, ManagerGuard, Visitor, type Management, type Visit } from './access.js';
import { shownProblem } from './problem.js';
import { Id } from './shapes.js';

const ErasureQuery = z.strictObject({
  texts: z.enum(['keep', 'delete']).default('keep').describe('delete: also the texts and files of the messages of the person'),
});

/** The caller, and the directory of people. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ConversationsGuard)
@Controller('api/conversations')
export class PeopleController {
  @Get(':connection/me')
  @ApiOperation({ summary: 'Returns the person of the token, the destination of its live events, and limits' })
  async me(@Visitor() { conversations, caller: { subscriber, person } }: Visit): Promise<z.output<typeof me>> {
    return shownProblem(async () => {
      const [own, organisation] = await Promise.all([
        conversations.directory.get(subscriber, person),
        conversations.directory.subscriber(subscriber),
      ]);
      const limits = { attachmentBytes: conversations.config.attachments.maxSize, textChars: MAX_TEXT_CHARS };
      return { person: own, subscriber: organisation, feed: conversations.feed.destinationOf(person), limits };
    });
  }

  @Patch(':connection/me')
  @ApiOperation({
    summary: 'Changes the person of the token. Invisible characters of a name are removed and listed in the answer',
  })
  async change(
    @Visitor() { conversations, caller: { subscriber, person } }: Visit,
    @Body({ schema: personChange }) change: z.output<typeof personChange>,
  ): Promise<z.output<typeof personChangeResult>> {
    return shownProblem(() => conversations.directory.change(subscriber, person, change));
  }

  @Get(':connection/people')
  @ApiOperation({ summary: 'Returns people sorted by name; with `search`, those whose name, phone or e-mail address begins so' })
  async page(
    @Visitor() { conversations, caller }: Visit,
    @Query({ schema: personQuery }) query: z.output<typeof personQuery>,
  ): Promise<z.output<typeof personPage>> {
    return shownProblem(() => conversations.directory.page(caller.subscriber, query));
  }

  @Get(':connection/people/:id')
  @ApiOperation({ summary: 'Returns a person' })
  async get(@Visitor() { conversations, caller }: Visit, @Param('id', { schema: Id }) id: string): Promise<Person> {
    return shownProblem(() => conversations.directory.get(caller.subscriber, id));
  }

  @Post(':connection/people/import')
  @HttpCode(200)
  @ApiOperation({ summary: 'Creates or changes people of the caller’s application by `sub` (scope conversations:server)' })
  async import(
    @Visitor() { conversations, caller }: Visit,
    @Body({ schema: personImport }) people: z.output<typeof personImport>,
  ): Promise<z.output<typeof personImportResult>> {
    return shownProblem(async () => {
      if (!isServer(caller.bearer))
        throw conversationsFail.CONVERSATIONS_FORBIDDEN(`the token of ${caller.bearer.user} lacks the scope ${SERVER}`);
      return conversations.directory.import(caller, people);
    });
  }

  @Get(':connection/people/:id/export')
  @ApiOperation({ summary: 'Returns all data of a person as lines of JSON (the person, and server code of its application)' })
  async export(@Visitor() { conversations, caller }: Visit, @Param('id', { schema: Id }) id: string): Promise<StreamableFile> {
    return shownProblem(async () => {
      const { subscriber, person, application, bearer } = caller;
      const isAllowed =
        id === person || (isServer(bearer) && (await conversations.personalData.applicationOf(subscriber, id)) === application);
      if (!isAllowed) throw conversationsFail.CONVERSATIONS_MISSING(`there is no person ${id} whose data you may export`);
      const lines = conversations.personalData.export(subscriber, id);
      return new StreamableFile(Readable.from(lines), {
        type: 'application/x-ndjson; charset=utf-8',
        disposition: `attachment; filename="person-${id}.ndjson"`,
      });
    });
  }
}

/** What operators, and server code of an application, do to people. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ManagerGuard)
@Controller('api/conversations')
export class PeopleManagementController {
  @Put(':connection/people/:id/lock')
  @HttpCode(204)
  @ApiOperation({ summary: 'Locks a person on all hosts within 5 s (scope admin, or conversations:server of its application)' })
  async lock(@Manager() management: Management, @Param('id', { schema: Id }) id: string): Promise<void> {
    await shownProblem(async () => management.conversations.directory.lock(await subscriberOf(management, id), id, true));
  }

  @Delete(':connection/people/:id/lock')
  @HttpCode(204)
  @ApiOperation({ summary: 'Unlocks a person' })
  async unlock(@Manager() management: Management, @Param('id', { schema: Id }) id: string): Promise<void> {
    await shownProblem(async () => management.conversations.directory.lock(await subscriberOf(management, id), id, false));
  }

  @Delete(':connection/people/:id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Erases the data of a person. Its messages keep their place; with texts=delete they lose their texts',
  })
  async erase(
    @Manager() management: Management,
    @Param('id', { schema: Id }) id: string,
    @Query({ schema: ErasureQuery }) { texts }: z.output<typeof ErasureQuery>,
  ): Promise<void> {
    await shownProblem(async () =>
      management.conversations.personalData.erase(await subscriberOf(management, id), id, texts === 'delete'),
    );
  }
}

/** Returns the subscriber of a person whom the caller manages. Throws `CONVERSATIONS_MISSING` for any other person. */
async function subscriberOf({ conversations, application }: Management, person: string): Promise<string> {
  if (!application) return conversations.people.subscriberOf(person);
  const { subscriber, id } = application;
  if ((await conversations.personalData.applicationOf(subscriber, person)) !== id)
    throw conversationsFail.CONVERSATIONS_MISSING(`there is no person ${person} of your application`);
  return subscriber;
}
