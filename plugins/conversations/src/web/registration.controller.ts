import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, Query, SetMetadata, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PluginConnections } from '@sluice/plugin-api';
import { z } from 'zod';
import { conversationsFail } from '../failures.js';
import type { Conversations } from '../conversations.js';
import type { IssuedKey } from '../registration/applications.js';
import { Manager, ManagerGuard, type Management } from './access.js';
import { shownProblem } from './problem.js';
import { Id } from './shapes.js';

const title = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\0]*$/);
const RegistrationBody = z.strictObject({ email: z.email().max(200), title, application: title }).meta({ id: 'NewRegistration' });
const CodeBody = z.strictObject({ code: z.string().regex(/^\d{8}$/) }).meta({ id: 'RegistrationCode' });
const SubscriberBody = z
  .strictObject({ code: z.string().regex(/^[a-z][a-z0-9-]{0,49}$/), title })
  .meta({ id: 'NewConversationsSubscriber' });
const ChangeBody = z
  .strictObject({ title: title.optional(), isLocked: z.boolean().optional() })
  .meta({ id: 'ConversationsSubscriberChange' });
const ApplicationBody = z.strictObject({ title }).meta({ id: 'NewConversationsApplication' });
const RotationBody = z
  .strictObject({ keepsOld: z.boolean().default(true).describe('tokens of the key before are accepted until the next rotation') })
  .meta({ id: 'ConversationsKeyRotation' });
const SubscribersQuery = z.strictObject({ after: z.string().max(50).default('') });

/** The host admits requests to the route without a token: an organisation that registers has none yet. */
const WithoutToken = SetMetadata('__fastify_route_config__', { withoutToken: true });

/** Registration of organisations by themselves. These two routes need no token. */
@ApiTags('conversations')
@Controller('api/conversations')
export class RegistrationController {
  constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

  @Post(':connection/registrations')
  @WithoutToken
  @HttpCode(202)
  @ApiOperation({ summary: 'Requests a registration: sends a code by mail' })
  async request(
    @Param('connection') connection: string,
    @Body({ schema: RegistrationBody }) body: z.output<typeof RegistrationBody>,
  ): Promise<{ id: string }> {
    return shownProblem(async () => ({ id: await (await this.#open(connection)).registrations.request(body) }));
  }

  @Post(':connection/registrations/:id/confirm')
  @WithoutToken
  @HttpCode(200)
  @ApiOperation({ summary: 'Registers the organisation and returns the issuer and the key of its application, this one time' })
  async confirm(
    @Param('connection') connection: string,
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: CodeBody }) { code }: z.output<typeof CodeBody>,
  ): Promise<IssuedKey> {
    return shownProblem(async () => (await this.#open(connection)).registrations.confirm(id, code));
  }

  async #open(connection: string): Promise<Conversations> {
    const open = this.connections.of<Conversations>('conversations').get(connection);
    if (!open) throw conversationsFail.CONVERSATIONS_MISSING(`there is no connection "${connection}" that uses conversations`);
    return open();
  }
}

/** Subscribers and applications, for operators. */
@ApiTags('conversations')
@ApiBearerAuth()
@UseGuards(ManagerGuard)
@Controller('api/conversations')
export class SubscribersController {
  @Get(':connection/subscribers')
  @ApiOperation({ summary: 'Returns subscribers, sorted by code (scope admin)' })
  async subscribers(
    @Manager() management: Management,
    @Query({ schema: SubscribersQuery }) { after }: z.output<typeof SubscribersQuery>,
  ): Promise<object> {
    return shownProblem(async () => ({ subscribers: await operated(management).applications.subscribers(after) }));
  }

  @Post(':connection/subscribers')
  @ApiOperation({ summary: 'Registers a subscriber (scope admin)' })
  async addSubscriber(
    @Manager() management: Management,
    @Body({ schema: SubscriberBody }) body: z.output<typeof SubscriberBody>,
  ): Promise<object> {
    return shownProblem(() => operated(management).applications.addSubscriber(body.code, body.title));
  }

  @Patch(':connection/subscribers/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Renames, locks or unlocks a subscriber with all of its people (scope admin)' })
  async changeSubscriber(
    @Manager() management: Management,
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: ChangeBody }) change: z.output<typeof ChangeBody>,
  ): Promise<void> {
    await shownProblem(() => operated(management).applications.changeSubscriber(id, change));
  }

  @Get(':connection/subscribers/:id/applications')
  @ApiOperation({ summary: 'Returns the applications of a subscriber (scope admin)' })
  async applications(@Manager() management: Management, @Param('id', { schema: Id }) id: string): Promise<object> {
    return shownProblem(async () => ({ applications: await operated(management).applications.list(id) }));
  }

  @Post(':connection/subscribers/:id/applications')
  @ApiOperation({ summary: 'Registers an application and returns its key, this one time (scope admin)' })
  async addApplication(
    @Manager() management: Management,
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: ApplicationBody }) body: z.output<typeof ApplicationBody>,
  ): Promise<IssuedKey> {
    return shownProblem(() => operated(management).applications.add(id, body.title));
  }

  @Patch(':connection/subscribers/:id/applications/:application')
  @HttpCode(204)
  @ApiOperation({ summary: 'Renames, locks or unlocks an application (scope admin)' })
  async changeApplication(
    @Manager() management: Management,
    @Param('id', { schema: Id }) id: string,
    @Param('application', { schema: Id }) application: string,
    @Body({ schema: ChangeBody }) change: z.output<typeof ChangeBody>,
  ): Promise<void> {
    await shownProblem(() => operated(management).applications.change(id, application, change));
  }

  @Post(':connection/subscribers/:id/applications/:application/keys')
  @ApiOperation({ summary: 'Replaces the key of an application and returns the new one, this one time (scope admin)' })
  async rotate(
    @Manager() management: Management,
    @Param('id', { schema: Id }) id: string,
    @Param('application', { schema: Id }) application: string,
    @Body({ schema: RotationBody }) { keepsOld }: z.output<typeof RotationBody>,
  ): Promise<IssuedKey> {
    return shownProblem(() => operated(management).applications.rotate(id, application, keepsOld));
  }

  @Post(':connection/reindex')
  @HttpCode(202)
  @ApiOperation({ summary: 'Rebuilds the search index while messages are posted and searched (scope admin)' })
  async reindex(@Manager() management: Management): Promise<void> {
    await shownProblem(() => operated(management).searchIndex.request());
  }
}

/** Returns the conversations for an operator. Server code of an application manages its people only. */
function operated({ conversations, application }: Management): Conversations {
  if (application) throw conversationsFail.CONVERSATIONS_FORBIDDEN('only operators do this: the token lacks the scope admin');
  return conversations;
}
