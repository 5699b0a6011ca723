import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, Put, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { isSluiceError, PluginConnections } from '@sluice/plugin-api';
import type { z } from 'zod';
import { STATUSES, type Author, type EntryView } from '../entry.js';
import { readTime } from '../times.js';
import type { SaveResult } from '../book/entries.js';
import type { Changes } from '../book/feed.js';
import { TimelineGuard, Visitor, type Visit } from './access.js';
import { shownProblem } from './problem.js';
import { ChangesQuery, EntryChange, EntryId, ImportBody, NewEntry, RangeQuery, ResourceBody, ResourceCode } from './shapes.js';

/** The API of the page, and of other programs such as 1C or a web site. */
@ApiTags('timeline')
@ApiBearerAuth()
@UseGuards(TimelineGuard)
@Controller('api/timeline')
export class TimelineController {
  constructor(@Inject(PluginConnections) private readonly connections: PluginConnections) {}

  @Get()
  @ApiOperation({ summary: 'Lists the booking calendars of this workspace' })
  journals(): object {
    return { journals: [...this.connections.of('timeline').keys()] };
  }

  @Get(':journal')
  @ApiOperation({ summary: 'Returns a booking calendar: resources with their hours, time zone, and the rights of the caller' })
  async journal(@Visitor() { calendar, bearer, canWrite }: Visit): Promise<object> {
    const { sub, extension } = bearer;
    const destination = calendar.destinationFor(bearer);
    const me = { name: sub, canWrite, ...(extension !== undefined && { extension }) };
    const resources = await shownProblem(() => calendar.resources.list());
    return { timezone: calendar.zone, statuses: STATUSES, resources, me, ...(destination !== undefined && { destination }) };
  }

  @Get(':journal/entries')
  @ApiOperation({ summary: 'Returns the entries of a time range, and the cursor for their changes' })
  async entries(
    @Visitor() { calendar }: Visit,
    @Query({ schema: RangeQuery }) range: z.output<typeof RangeQuery>,
  ): Promise<{ cursor: string; entries: EntryView[] }> {
    return shownProblem(async () => {
      const [from, to] = [readTime(range.from, 'UTC', 'from'), readTime(range.to, 'UTC', 'to')];
      // the cursor first, so that commits between the two statements are among the changes
      const cursor = await calendar.feed.cursor();
      return { cursor, entries: await calendar.entries.inRange(from, to) };
    });
  }

  @Get(':journal/changes')
  @ApiOperation({ summary: 'Returns the changes since a cursor, at any time range; optionally waits for the first one' })
  async changes(
    @Visitor() { calendar, bearer }: Visit,
    @Query({ schema: ChangesQuery }) query: z.output<typeof ChangesQuery>,
  ): Promise<Changes> {
    return shownProblem(() => calendar.changes(query.after, bearer.extension, query.wait * 1_000));
  }

  @Post(':journal/entries')
  @ApiOperation({ summary: 'Creates an entry; with an id the request can be repeated. 409 if the time is taken' })
  async create(
    @Visitor() visit: Visit,
    @Body({ schema: NewEntry }) { id = randomUUID(), ...fields }: z.output<typeof NewEntry>,
  ): Promise<SaveResult> {
    return shownProblem(() => visit.calendar.entries.create(id, fields, authorOf(visit)));
  }

  @Patch(':journal/entries/:id')
  @ApiOperation({
    summary: 'Changes the fields that are present. 409 with the current entry if its version differs or the time is taken',
  })
  async change(
    @Visitor() visit: Visit,
    @Param('id', { schema: EntryId }) id: string,
    @Body({ schema: EntryChange }) { version, ...fields }: z.output<typeof EntryChange>,
  ): Promise<SaveResult> {
    return shownProblem(() => visit.calendar.entries.change(id, version, fields, authorOf(visit)));
  }

  @Put(':journal/resources/:code')
  @HttpCode(204)
  @ApiOperation({ summary: 'Creates or replaces a resource with its hours' })
  async saveResource(
    @Visitor() { calendar }: Visit,
    @Param('code', { schema: ResourceCode }) code: string,
    @Body({ schema: ResourceBody }) resource: z.output<typeof ResourceBody>,
  ): Promise<void> {
    await shownProblem(() => calendar.resources.save({ ...resource, code }));
  }

  @Post(':journal/import')
  @HttpCode(200)
  @ApiOperation({ summary: 'Imports resources and entries, for instance from 1C. The answer lists those that were refused' })
  async import(
    @Visitor() { calendar, bearer }: Visit,
    @Body({ schema: ImportBody }) { resources, entries, origin }: z.output<typeof ImportBody>,
  ): Promise<object> {
    const author = { origin, by: bearer.sub };
    const refused: object[] = [];
    const take = async (place: object, work: () => Promise<unknown>) => {
      await work().catch((error: unknown) => {
        if (!isSluiceError(error) || error.fate !== 'rejected') throw error;
        refused.push({ ...place, code: error.code, message: error.message });
      });
    };
    await shownProblem(async () => {
      for (const [index, one] of resources.entries()) await take({ resource: index }, () => calendar.resources.save(one));
      for (const [index, { id, ...one }] of entries.entries())
        await take({ entry: index }, () => calendar.entries.upsert(id, undefined, one, author));
    });
    return { taken: resources.length + entries.length - refused.length, refused };
  }
}

function authorOf({ bearer }: Visit): Author {
  return { origin: 'web', by: bearer.sub };
}
