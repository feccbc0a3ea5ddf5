/** Tables with row-level security for tenants, two schemas that differ, and roles. */
export const TENANT_SCHEMA = `create role app_user; create role other;
  create table rows (id serial primary key, tenant text not null, label text);
  insert into rows (tenant, label) select t::text, 'of ' || t from generate_series(1, 5) t, generate_series(1, 3);
  alter table rows enable row level security;
  create policy own on rows to app_user using (tenant = current_setting('app.tenant', true))
    with check (tenant = current_setting('app.tenant', true));
  create table log (line text);
  create schema t7; create schema t8;
  create table t7.things (name text); create table t8.things (name text, more int);
  insert into t7.things values ('seven'); insert into t8.things values ('eight', 8);
  create function t8.label() returns text language plpgsql as
    $$ begin insert into public.log values ('t8'); return 't8'; end $$;
  create function t7.label() returns text language sql stable as $$ select 't7'::text $$;
  create procedure commits() language plpgsql as
    $$ begin insert into log values (current_setting('app.tenant')); commit; insert into log values ('b'); end $$;
  create function audited() returns boolean language plpgsql as
    $$ begin insert into log values ('audited'); return true; end $$;
  create table watched (id int); insert into watched values (1);
  alter table watched enable row level security;
  create policy audit on watched to app_user using (audited());
  grant all on all tables in schema public to app_user;
  grant all on all sequences in schema public to app_user;
  grant usage on schema t7, t8 to app_user`
