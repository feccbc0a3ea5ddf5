import type { Pool, PoolOptions } from '../../src/index.ts'

export interface Person {
  readonly id: number
  readonly email: string
  readonly name: string
}

/** What is done with people and their notes, each by the means that the ORM offers for it. */
export interface Statements {
  insert(person: Person): Promise<unknown>
  rename(id: number, name: string): Promise<unknown>
  remove(id: number): Promise<unknown>
  find(id: number): Promise<Person | undefined>
  /** All people, by id. */
  list(): Promise<readonly Person[]>
  count(): Promise<number>
  addNote(personId: number, title: string): Promise<unknown>
  /** Titles of a person's notes, loaded as a relation where there is such a thing. */
  notesOf(personId: number): Promise<readonly string[]>
  /** A text that the ORM knows nothing of. */
  raw(sql: string): Promise<readonly Record<string, unknown>[]>
}

/** Runs `work` in a savepoint, which is rolled back when it throws. */
export type Within = (work: (tx: Statements) => Promise<void>) => Promise<void>

/** What PostgreSQL says of a violated constraint, as far as the ORM's own error tells it. */
export interface Violation {
  readonly code: string
  readonly constraint?: string | undefined
  readonly table?: string | undefined
}

export interface Orm extends Statements {
  /** To begin sessions on. */
  readonly pool?: Pool
  /** Makes the tables with what the ORM has for that; called again it changes nothing. */
  migrate(): Promise<unknown>
  /** Commits when `work` has ended, rolls back when it throws. */
  transaction<T>(work: (tx: Statements) => Promise<T>, isolation?: 'serializable'): Promise<T>
  nested(work: (tx: Statements, within: Within) => Promise<void>): Promise<void>
  readOnly?<T>(work: (tx: Statements) => Promise<T>): Promise<T>
  /** All people, by id, a few at a time. */
  stream?(): AsyncIterable<unknown>
  /** Undefined when the error is not of the class that the ORM promises. */
  violation(error: unknown): Violation | undefined
  /** Ends the ORM, and the pool that it was given. */
  close(): Promise<unknown>
}

export interface OrmAdapter {
  readonly name: string
  /** What it has no means for, and why. */
  readonly lacks?: Readonly<Partial<Record<'pool' | 'stream' | 'readOnly', string>>>
  readonly open: (options: PoolOptions) => Promise<Orm>
}

/** The tables, for whoever has no means of its own to make them. */
export const SCHEMA: readonly string[] = [
  'create table if not exists people (id int primary key, email text not null, name text not null, ' +
    'constraint people_email_key unique (email))',
  'create table if not exists notes (id serial primary key, ' +
    'person_id int not null references people on delete cascade, title text not null)',
]
