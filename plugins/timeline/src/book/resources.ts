import { z } from 'zod';
import { code } from '../entry.js';
import { timelineFail } from '../failures.js';
import type { Book } from './book.js';
import { ResourceEntity, WorkingHoursEntity } from './entities/resource.entity.js';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'such as 09:00');
const hours = z
  .strictObject({
    weekday: z.int().min(1).max(7).optional().describe('1 is Monday'),
    day: z.iso.date().optional().describe('one date; replaces the hours of its weekday'),
    opens: clock.optional(),
    closes: clock.optional().describe('a day without `opens` and `closes` is a day off'),
  })
  .refine((row) => (row.weekday === undefined) !== (row.day === undefined), 'needs either `weekday` or `day`')
  .refine(
    (row) => (row.opens === undefined) === (row.closes === undefined),
    '`opens` and `closes` belong together: set both or neither',
  )
  .refine((row) => row.opens === undefined || row.closes === undefined || row.opens < row.closes, '`closes` is before `opens`');

export const resourceFields = z.strictObject({
  name: z.string().min(1).max(200),
  position: z.int().min(0).max(1_000_000).default(0).describe('order of the rows on the page, before the name'),
  shared: z.boolean().default(false).describe('its entries may overlap, as in group lessons'),
  archived: z.boolean().default(false).describe('not shown on the page'),
  hours: z.array(hours).max(500).default([]).describe('several rows of one day have breaks between them'),
});

export const resource = resourceFields.extend({ code });
export type Resource = z.output<typeof resource>;
export type Hours = z.output<typeof hours>;

export class Resources {
  constructor(
    private readonly book: Book,
    private readonly changed: () => void,
  ) {}

  async list(): Promise<Resource[]> {
    const found = await this.book.read((manager) =>
      manager.find(ResourceEntity, { relations: { hours: true }, order: { position: 'asc', name: 'asc', hours: { id: 'asc' } } }),
    );
    return found.map((one) => ({
      code: one.code,
      name: one.name,
      position: one.position,
      shared: one.shared,
      archived: one.archived,
      hours: one.hours.map(hoursView),
    }));
  }

  /** Creates or replaces a resource with its hours. Rejects with `TIMELINE_OVERLAP` if it is no longer shared and its entries overlap. */
  async save({ hours, ...fields }: Resource): Promise<void> {
    try {
      await this.book.transaction(async (manager) => {
        await manager.upsert(ResourceEntity, fields, ['code']);
        const { id } = await manager.findOneByOrFail(ResourceEntity, { code: fields.code });
        await manager.delete(WorkingHoursEntity, { resourceId: id });
        await manager.insert(
          WorkingHoursEntity,
          hours.map(({ weekday = null, day = null, opens = null, closes = null }) => ({
            resourceId: id,
            weekday,
            day,
            opens,
            closes,
          })),
        );
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== '23P01') throw error;
      throw timelineFail.TIMELINE_OVERLAP(`entries of ${fields.name} overlap: keep it shared, or move the entries`, {
        sent: 'no',
      });
    }
    this.changed();
  }
}

function hoursView({ weekday, day, opens, closes }: WorkingHoursEntity): Hours {
  return {
    ...(weekday !== null && { weekday }),
    ...(day !== null && { day }),
    ...(opens !== null && { opens: opens.slice(0, 5) }),
    ...(closes !== null && { closes: closes.slice(0, 5) }),
  };
}
