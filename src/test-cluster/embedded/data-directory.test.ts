import { expect, test } from 'vitest'
import { isLeftOut } from './data-directory.ts'

test.each([
  ['PG_VERSION', false],
  ['global/pg_control', false],
  ['global/pg_internal.init', true],
  ['base/5/1259', false],
  ['base/5/pg_internal.init', true],
  ['base/pgsql_tmp', true],
  ['base/pgsql_tmp/pgsql_tmp7.0', true],
  ['pg_wal', false],
  ['pg_wal/000000010000000000000001', true],
  ['pg_replslot', false],
  ['pg_replslot/mine', true],
  ['pg_dynshmem/mmap.1', true],
  ['pg_xact/0000', false],
  ['pg_multixact/offsets/0000', false],
  ['postmaster.pid', true],
  ['postmaster.opts', true],
  ['postgresql.conf', false],
  ['postgresql.auto.conf', false],
  ['pg_hba.conf', false],
  ['backup_label', true],
  ['backup_label.old', true],
  ['standby.signal', true],
  ['standby_signal', false],
] as const)('%s is left out of a copy: %s', (path, expected) => {
  expect(isLeftOut(path)).toBe(expected)
})
