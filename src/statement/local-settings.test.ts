import { expect, it } from 'vitest'
import { mayBeOrdered } from './local-settings.ts'

it.each([
  'select id from items',
  'select * from items where id in (1, 2) and (label = $1 or label is null)',
  'select count(*), max(id), lower(label) from items group by label having sum(n) > 1',
  'select coalesce(a, b) from (select a, b from t) as t where exists (select 1 from u)',
  'with x as (select id from items) select id from x union (select 2)',
  `select 'order by f(x) limit 1' as "order" -- order by f(x)`,
  'select i.id from items i join orders o using (id) where i.label = any ($1)',
  'values (1), (2)',
])('any order will do: %s', (text) => expect(mayBeOrdered(text, [])).toBe(false))

it.each([
  'select id from items order by id',
  '(select id from items ORDER BY id)',
  'select id from (select id from items order by id) as i',
  'select id from items limit 1',
  'select id from items offset 1',
  'select id from items fetch first row only',
  'select unnest(jobs) from items',
  'select * from top_items($1)',
  'select * from top_items ($1)',
  'select * from top_items /* of all */ ($1)',
  'select "top items"()',
  'select mine.count(id) from items',
  'select array(select id from items)',
  'select array_agg(id) from items',
  'select row_number() over () from items',
])('the order may carry meaning: %s', (text) => expect(mayBeOrdered(text, [])).toBe(true))

it.each([
  { text: 'select id from items', shows: ['items'], isOrdered: false },
  {
    text: 'select id from Items i join app."My orders" using (id)',
    shows: ['app."My orders"', 'public.items'],
    isOrdered: false,
  },
  { text: 'select id from queue', shows: ['public.items'], isOrdered: true },
  { text: 'select id from items, queue', shows: ['items', 'jobs'], isOrdered: true },
  { text: "select 'items' from queue -- items", shows: ['items'], isOrdered: true },
  { text: 'select items.id from queue as items', shows: ['items'], isOrdered: true },
  { text: 'select id, items.n from queue items where items.n > 1', shows: ['items'], isOrdered: true },
  { text: 'select id, items from queue group by id, items', shows: ['items'], isOrdered: true },
  { text: 'select id from queue join jobs using (id, items)', shows: ['items', 'jobs'], isOrdered: true },
  { text: 'select id from items.queue', shows: ['items'], isOrdered: true },
  { text: 'select id from jobs j, only app.items as i', shows: ['items', 'jobs'], isOrdered: false },
  { text: 'select id from (items join jobs on true)', shows: ['items', 'jobs'], isOrdered: false },
  {
    text: 'select id from jobs where id in (select id from items)',
    shows: ['items', 'jobs'],
    isOrdered: false,
  },
  { text: 'table items', shows: ['items'], isOrdered: false },
  { text: 'select id from items', shows: 'everything', isOrdered: true },
] as const)('a view may order its rows: $text of $shows', ({ text, shows, isOrdered }) =>
  expect(mayBeOrdered(text, shows)).toBe(isOrdered),
)
