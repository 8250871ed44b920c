SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;
CREATE FUNCTION public.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$BEGIN RAISE EXCEPTION 'append_only: % on %', TG_OP, TG_TABLE_NAME; END$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.amendments (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    protocol character varying NOT NULL,
    version character varying NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.amendments_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.amendments_id_seq OWNED BY public.amendments.id;
CREATE TABLE public.bookings (
    id integer NOT NULL,
    site character varying NOT NULL,
    unit character varying NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    zone character varying NOT NULL,
    visit_id integer NOT NULL,
    CONSTRAINT bookings_takes_time CHECK ((start_at < end_at))
);
CREATE SEQUENCE public.bookings_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bookings_id_seq OWNED BY public.bookings.id;
CREATE TABLE public.changes (
    id integer NOT NULL,
    user_name character varying NOT NULL,
    at timestamp with time zone NOT NULL,
    command character varying NOT NULL,
    reason character varying NOT NULL
);
CREATE SEQUENCE public.changes_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.changes_id_seq OWNED BY public.changes.id;
CREATE TABLE public.collection_objects (
    url character varying NOT NULL,
    uid character varying NOT NULL,
    path character varying NOT NULL,
    etag character varying NOT NULL,
    body character varying NOT NULL
);
CREATE TABLE public.collections (
    url character varying NOT NULL,
    site character varying NOT NULL,
    audience character varying NOT NULL,
    subject_id integer
);
CREATE TABLE public.consents (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    state character varying NOT NULL,
    day date NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.consents_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.consents_id_seq OWNED BY public.consents.id;
CREATE TABLE public.feed_revocations (
    id integer NOT NULL,
    feed_id integer NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.feed_revocations_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.feed_revocations_id_seq OWNED BY public.feed_revocations.id;
CREATE TABLE public.feed_uses (
    feed_id integer NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.feeds (
    id integer NOT NULL,
    person character varying NOT NULL,
    audience character varying NOT NULL,
    site character varying NOT NULL,
    subject_id integer,
    language character varying NOT NULL,
    token_hash character varying NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.feeds_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.feeds_id_seq OWNED BY public.feeds.id;
CREATE TABLE public.outbox (
    id integer NOT NULL,
    site character varying NOT NULL,
    kind character varying NOT NULL,
    week character varying NOT NULL,
    recipient character varying NOT NULL,
    about character varying NOT NULL,
    message_id character varying NOT NULL,
    queued timestamp with time zone NOT NULL,
    state character varying NOT NULL,
    letter json
);
CREATE SEQUENCE public.outbox_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.outbox_id_seq OWNED BY public.outbox.id;
CREATE TABLE public.product_entries (
    id integer NOT NULL,
    product_id integer NOT NULL,
    revision integer NOT NULL,
    change_id integer NOT NULL,
    stage character varying NOT NULL,
    kg character varying NOT NULL,
    weighed date NOT NULL,
    ordered date NOT NULL,
    released date,
    expires date,
    expires_at character varying,
    given json NOT NULL,
    reason character varying NOT NULL,
    CONSTRAINT product_entries_release_whole CHECK (((released IS NULL) = (expires IS NULL))),
    CONSTRAINT product_entries_released_dated CHECK ((((stage)::text <> 'released'::text) OR (released IS NOT NULL))),
    CONSTRAINT product_entries_revision_counts_from_1 CHECK ((revision > 0))
);
CREATE SEQUENCE public.product_entries_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.product_entries_id_seq OWNED BY public.product_entries.id;
CREATE TABLE public.products (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    batch character varying NOT NULL,
    batch_key character varying NOT NULL,
    chain integer NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.products_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.products_id_seq OWNED BY public.products.id;
CREATE TABLE public.protocols (
    id character varying NOT NULL,
    version character varying NOT NULL,
    text character varying NOT NULL,
    change_id integer NOT NULL
);
CREATE TABLE public.screenings (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    day date NOT NULL,
    version character varying NOT NULL,
    outcome character varying NOT NULL,
    consent character varying,
    review character varying NOT NULL,
    rules json NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.screenings_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.screenings_id_seq OWNED BY public.screenings.id;
CREATE TABLE public.seals (
    number integer NOT NULL,
    change_id integer NOT NULL,
    digests character varying NOT NULL,
    hash character varying NOT NULL
);
CREATE TABLE public.subjects (
    id integer NOT NULL,
    code character varying NOT NULL,
    code_key character varying NOT NULL,
    site character varying NOT NULL,
    arm character varying NOT NULL,
    enrolled date NOT NULL,
    protocol character varying NOT NULL,
    protocol_version character varying NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.subjects_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.subjects_id_seq OWNED BY public.subjects.id;
CREATE TABLE public.visit_entries (
    id integer NOT NULL,
    visit_id integer NOT NULL,
    revision integer NOT NULL,
    change_id integer NOT NULL,
    study character varying NOT NULL,
    site character varying NOT NULL,
    label json NOT NULL,
    kind character varying NOT NULL,
    mode character varying NOT NULL,
    status character varying NOT NULL,
    target date NOT NULL,
    earliest date NOT NULL,
    latest date NOT NULL,
    day date NOT NULL,
    start_at timestamp with time zone,
    end_at timestamp with time zone,
    zone character varying,
    actual date,
    allocations json NOT NULL,
    why json NOT NULL,
    basis character varying NOT NULL,
    unverified boolean NOT NULL,
    sequence integer NOT NULL,
    changed timestamp with time zone NOT NULL,
    CONSTRAINT visit_entries_revision_counts_from_1 CHECK ((revision > 0)),
    CONSTRAINT visit_entries_slot_whole CHECK ((((start_at IS NULL) AND (end_at IS NULL) AND (zone IS NULL)) OR ((start_at < end_at) AND (zone IS NOT NULL))))
);
CREATE SEQUENCE public.visit_entries_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.visit_entries_id_seq OWNED BY public.visit_entries.id;
CREATE TABLE public.visits (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    encounter character varying NOT NULL,
    occurrence integer NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.visits_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.visits_id_seq OWNED BY public.visits.id;
CREATE TABLE public.weights (
    id integer NOT NULL,
    subject_id integer NOT NULL,
    kg character varying NOT NULL,
    measured date NOT NULL,
    change_id integer NOT NULL
);
CREATE SEQUENCE public.weights_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.weights_id_seq OWNED BY public.weights.id;
ALTER TABLE ONLY public.amendments ALTER COLUMN id SET DEFAULT nextval('public.amendments_id_seq'::regclass);
ALTER TABLE ONLY public.bookings ALTER COLUMN id SET DEFAULT nextval('public.bookings_id_seq'::regclass);
ALTER TABLE ONLY public.changes ALTER COLUMN id SET DEFAULT nextval('public.changes_id_seq'::regclass);
ALTER TABLE ONLY public.consents ALTER COLUMN id SET DEFAULT nextval('public.consents_id_seq'::regclass);
ALTER TABLE ONLY public.feed_revocations ALTER COLUMN id SET DEFAULT nextval('public.feed_revocations_id_seq'::regclass);
ALTER TABLE ONLY public.feeds ALTER COLUMN id SET DEFAULT nextval('public.feeds_id_seq'::regclass);
ALTER TABLE ONLY public.outbox ALTER COLUMN id SET DEFAULT nextval('public.outbox_id_seq'::regclass);
ALTER TABLE ONLY public.product_entries ALTER COLUMN id SET DEFAULT nextval('public.product_entries_id_seq'::regclass);
ALTER TABLE ONLY public.products ALTER COLUMN id SET DEFAULT nextval('public.products_id_seq'::regclass);
ALTER TABLE ONLY public.screenings ALTER COLUMN id SET DEFAULT nextval('public.screenings_id_seq'::regclass);
ALTER TABLE ONLY public.subjects ALTER COLUMN id SET DEFAULT nextval('public.subjects_id_seq'::regclass);
ALTER TABLE ONLY public.visit_entries ALTER COLUMN id SET DEFAULT nextval('public.visit_entries_id_seq'::regclass);
ALTER TABLE ONLY public.visits ALTER COLUMN id SET DEFAULT nextval('public.visits_id_seq'::regclass);
ALTER TABLE ONLY public.weights ALTER COLUMN id SET DEFAULT nextval('public.weights_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('0008');
INSERT INTO public.amendments VALUES (1, 1, 'bmsc-stroke', '1', 4);
INSERT INTO public.bookings VALUES (3, 'ZJ', 'chair-1', '2026-04-09 01:00:00+00', '2026-04-09 08:00:00+00', 'Asia/Shanghai', 1);
INSERT INTO public.changes VALUES (1, 'li', '2026-03-02 01:30:00+00', 'enroll', '');
INSERT INTO public.changes VALUES (2, 'wu', '2026-03-02 01:31:00+00', 'visit move', '病人要求');
INSERT INTO public.changes VALUES (3, 'wu', '2026-03-02 01:32:00+00', 'subject weigh', '');
INSERT INTO public.changes VALUES (4, 'wu', '2026-03-02 01:33:00+00', 'amend', '');
INSERT INTO public.collection_objects VALUES ('https://dav.example/li/visits/', 'a', '/li/visits/a.ics', '"1"', 'BEGIN:VCALENDAR…');
INSERT INTO public.collections VALUES ('https://dav.example/li/visits/', 'ZJ', 'staff', 1);
INSERT INTO public.consents VALUES (1, 1, 'given', '2026-03-02', 1);
INSERT INTO public.feed_revocations VALUES (1, 1, 1);
INSERT INTO public.feeds VALUES (1, 'li', 'staff', 'ZJ', 1, 'en', '3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0', 1);
INSERT INTO public.product_entries VALUES (1, 1, 1, 1, 'ordered', '68.50', '2026-03-02', '2026-03-02', NULL, NULL, NULL, '[]', '');
INSERT INTO public.products VALUES (1, 1, 'B-1', 'b-1', 1, 1);
INSERT INTO public.protocols VALUES ('bmsc-stroke', '1', 'rules', 1);
INSERT INTO public.screenings VALUES (1, 1, '2026-03-02', '1', 'ELIGIBLE', NULL, '', '[{"rule": "age", "outcome": "ELIGIBLE", "count": null, "flagged": false}]', 1);
INSERT INTO public.seals VALUES (1, 1, '[["changes",[1],"fd783a1b01e2f49b8dcb066f479c89ac118f72f27b3c0c61ac8dd4fff02e1961"],["consents",[1],"c6b9d212d76e9dd6718f0eb94b68f8a1ce1571f88e9b255db01f82b6d38fafe6"],["feed_revocations",[1],"97e97ed7cb1c35246464b0e96a36402132a5ac42b554254625a27b546300d037"],["feeds",[1],"5b0409a80e3befe526128426b685cef348bf152eb886150769b9b4d816c38f68"],["product_entries",[1],"38ac37d92d9112f7bf4f153fca93744efed32152d26a381fdd91fde5af17f03f"],["products",[1],"3daa1083048d15c36f5b05fe3f7099aa0ea94f41a1b3bff6cfc7f0f4d0ee9be4"],["protocols",["bmsc-stroke","1"],"bca5b8f5b8e5c1121b45ab403c9dc4a01c32c56de7e2b2ce6d978ebb4b9d1414"],["screenings",[1],"49e985f198920e2148e4739cfd537564da877f49d0cf7c77c24b49e0884d57c9"],["subjects",[1],"f94a3c2121e86068e354425306ca0748bccdd900c4dc439871d6fa6605e7d84b"],["visit_entries",[1],"23ad06dd2a193c8a086e803b466149b511a31f573d75e395b175c99d5f0698aa"],["visits",[1],"10e56047635b59cd2b8bc4b0568ad8b2f3fd6b9eb18fc02ac72146634e3044f4"],["weights",[1],"be881ce4a803846591ec79aae5d03f4482e412cbb13bc0a9a9a4ac1ce0ed05e6"]]', '23b61524dd010d9fe30c5045095acac97755bf824d00e64f4003bdd9dee1e5b9');
INSERT INTO public.seals VALUES (2, 2, '[["changes",[2],"83f6d927abc4f0b6a0d2ce06c71ffab5bd35351dfc31970e2f5ceafedc8a8d19"],["visit_entries",[2],"a26e7e9a5e434b9bb0849be2e57463b4267a4f93c74b05a6f04c1b02bb204093"]]', '849bb0d5b8c3c706771f93d9930643364230228305ba1edafa765ce67dba25c1');
INSERT INTO public.seals VALUES (3, 3, '[["changes",[3],"f03252833904f4cc567fa68bc4f421ddca252b5609050aced6a9e6919bc835f4"],["weights",[2],"6b4a60c744614488edf791934e5cc43fbf7d11a78e805ea5b89c24c580c10620"]]', 'fae0fbdce0c46b04c7bcf59b656d111109ceda87e97a6a20ce2e663b0ac45031');
INSERT INTO public.seals VALUES (4, 4, '[["amendments",[1],"369dff834298b896c55b5d9bd8435847b609db2d3e645064c9a5824de17c9a1e"],["changes",[4],"a519cba818d8f3b118c895e09a8c3d515e751bc33291cf954ba3163f40c6d9b4"],["visit_entries",[3],"90345df403026d57ebe3f6534f361c8efa93bdb9d2536b9164315450d00a6500"]]', '8fec3ed828d8890b4dcea21ba2266c1c4ee9a63b11971518713a3d1ae52e2426');
INSERT INTO public.subjects VALUES (1, 'ZJ-001', 'zj-001', 'ZJ', 'bmsc', '2026-03-02', 'bmsc-stroke', '1', 1);
INSERT INTO public.visit_entries VALUES (1, 1, 1, 1, 'bmsc-stroke', 'ZJ', '{"en": "Infusion 1", "zh": "第1次输注"}', 'infusion', 'visit', 'scheduled', '2026-04-09', '2026-04-02', '2026-04-16', '2026-04-09', '2026-04-09 01:00:00+00', '2026-04-09 08:00:00+00', 'Asia/Shanghai', NULL, '[{"unit": "chair-1", "zone": "Asia/Shanghai", "start": "2026-04-09T01:00:00+00:00", "end": "2026-04-09T08:00:00+00:00"}]', '["aspiration 2026-03-05 + 35 days"]', 'assumption', false, 0, '2026-03-02 01:30:00+00');
INSERT INTO public.visit_entries VALUES (2, 1, 2, 2, 'bmsc-stroke', 'ZJ', '{"en": "Infusion 1", "zh": "第1次输注"}', 'infusion', 'visit', 'scheduled', '2026-04-09', '2026-04-02', '2026-04-16', '2026-04-10', '2026-04-10 01:00:00+00', '2026-04-10 08:00:00+00', 'Asia/Shanghai', NULL, '[{"unit": "chair-2", "zone": "Asia/Shanghai", "start": "2026-04-10T01:00:00+00:00", "end": "2026-04-10T08:00:00+00:00"}]', '["aspiration 2026-03-05 + 35 days"]', 'assumption', false, 0, '2026-03-02 01:30:00+00');
INSERT INTO public.visit_entries VALUES (3, 1, 3, 4, 'bmsc-stroke', 'ZJ', '{"en": "Infusion 1", "zh": "第1次输注"}', 'infusion', 'visit', 'scheduled', '2026-04-09', '2026-04-02', '2026-04-16', '2026-04-09', '2026-04-09 01:00:00+00', '2026-04-09 08:00:00+00', 'Asia/Shanghai', NULL, '[{"unit": "chair-1", "zone": "Asia/Shanghai", "start": "2026-04-09T01:00:00+00:00", "end": "2026-04-09T08:00:00+00:00"}]', '["aspiration 2026-03-05 + 35 days"]', 'assumption', false, 0, '2026-03-02 01:30:00+00');
INSERT INTO public.visits VALUES (1, 1, 'infusion-1', 1, 1);
INSERT INTO public.weights VALUES (1, 1, '68.50', '2026-03-02', 1);
INSERT INTO public.weights VALUES (2, 1, '70.0', '2026-03-02', 3);
SELECT pg_catalog.setval('public.amendments_id_seq', 1, true);
SELECT pg_catalog.setval('public.bookings_id_seq', 3, true);
SELECT pg_catalog.setval('public.changes_id_seq', 4, true);
SELECT pg_catalog.setval('public.consents_id_seq', 1, true);
SELECT pg_catalog.setval('public.feed_revocations_id_seq', 1, true);
SELECT pg_catalog.setval('public.feeds_id_seq', 1, true);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
SELECT pg_catalog.setval('public.product_entries_id_seq', 1, true);
SELECT pg_catalog.setval('public.products_id_seq', 1, true);
SELECT pg_catalog.setval('public.screenings_id_seq', 1, true);
SELECT pg_catalog.setval('public.subjects_id_seq', 1, true);
SELECT pg_catalog.setval('public.visit_entries_id_seq', 3, true);
SELECT pg_catalog.setval('public.visits_id_seq', 1, true);
SELECT pg_catalog.setval('public.weights_id_seq', 2, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.amendments
    ADD CONSTRAINT amendments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_no_overlap EXCLUDE USING gist (hashtextextended((((site)::text || ' '::text) || (unit)::text), (0)::bigint) WITH =, tstzrange(start_at, end_at) WITH &&, unit WITH =, site WITH =);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.collection_objects
    ADD CONSTRAINT collection_objects_pkey PRIMARY KEY (url, uid);
ALTER TABLE ONLY public.collections
    ADD CONSTRAINT collections_pkey PRIMARY KEY (url);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feed_revocations
    ADD CONSTRAINT feed_revocations_feed_id_key UNIQUE (feed_id);
ALTER TABLE ONLY public.feed_revocations
    ADD CONSTRAINT feed_revocations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feed_uses
    ADD CONSTRAINT feed_uses_pkey PRIMARY KEY (feed_id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_site_kind_week_recipient_about_key UNIQUE (site, kind, week, recipient, about);
ALTER TABLE ONLY public.product_entries
    ADD CONSTRAINT product_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.product_entries
    ADD CONSTRAINT product_entries_product_id_revision_key UNIQUE (product_id, revision);
ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_batch_key_key UNIQUE (batch_key);
ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.protocols
    ADD CONSTRAINT protocols_pkey PRIMARY KEY (id, version);
ALTER TABLE ONLY public.screenings
    ADD CONSTRAINT screenings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_change_id_key UNIQUE (change_id);
ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT subjects_code_key_key UNIQUE (code_key);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT subjects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.visit_entries
    ADD CONSTRAINT visit_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.visit_entries
    ADD CONSTRAINT visit_entries_visit_id_revision_key UNIQUE (visit_id, revision);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_subject_id_encounter_occurrence_key UNIQUE (subject_id, encounter, occurrence);
ALTER TABLE ONLY public.weights
    ADD CONSTRAINT weights_pkey PRIMARY KEY (id);
CREATE INDEX amendments_change_id_idx ON public.amendments USING btree (change_id);
CREATE INDEX amendments_subject_id_idx ON public.amendments USING btree (subject_id);
CREATE INDEX bookings_site_unit_start_at_idx ON public.bookings USING btree (site, unit, start_at);
CREATE INDEX bookings_visit_id_idx ON public.bookings USING btree (visit_id);
CREATE INDEX consents_change_id_idx ON public.consents USING btree (change_id);
CREATE INDEX consents_subject_id_idx ON public.consents USING btree (subject_id);
CREATE INDEX feed_revocations_change_id_idx ON public.feed_revocations USING btree (change_id);
CREATE INDEX feeds_change_id_idx ON public.feeds USING btree (change_id);
CREATE INDEX product_entries_change_id_idx ON public.product_entries USING btree (change_id);
CREATE INDEX products_change_id_idx ON public.products USING btree (change_id);
CREATE INDEX products_subject_id_idx ON public.products USING btree (subject_id);
CREATE INDEX protocols_change_id_idx ON public.protocols USING btree (change_id);
CREATE INDEX screenings_change_id_idx ON public.screenings USING btree (change_id);
CREATE INDEX screenings_subject_id_idx ON public.screenings USING btree (subject_id);
CREATE INDEX subjects_change_id_idx ON public.subjects USING btree (change_id);
CREATE INDEX subjects_site_idx ON public.subjects USING btree (site);
CREATE INDEX visit_entries_change_id_site_idx ON public.visit_entries USING btree (change_id, site);
CREATE INDEX visit_entries_day_idx ON public.visit_entries USING btree (day);
CREATE INDEX visit_entries_site_day_idx ON public.visit_entries USING btree (site, day);
CREATE INDEX visits_change_id_idx ON public.visits USING btree (change_id);
CREATE INDEX weights_change_id_idx ON public.weights USING btree (change_id);
CREATE INDEX weights_subject_id_idx ON public.weights USING btree (subject_id);
CREATE TRIGGER amendments_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.amendments FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER changes_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.changes FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER consents_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.consents FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER feed_revocations_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.feed_revocations FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER feeds_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.feeds FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER product_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.product_entries FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER products_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.products FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER protocols_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.protocols FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER screenings_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.screenings FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER seals_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seals FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER subjects_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.subjects FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER visit_entries_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.visit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER visits_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.visits FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
CREATE TRIGGER weights_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.weights FOR EACH STATEMENT EXECUTE FUNCTION public.append_only();
ALTER TABLE ONLY public.amendments
    ADD CONSTRAINT amendments_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.amendments
    ADD CONSTRAINT amendments_protocol_version_fkey FOREIGN KEY (protocol, version) REFERENCES public.protocols(id, version);
ALTER TABLE ONLY public.amendments
    ADD CONSTRAINT amendments_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_visit_id_fkey FOREIGN KEY (visit_id) REFERENCES public.visits(id);
ALTER TABLE ONLY public.collection_objects
    ADD CONSTRAINT collection_objects_url_fkey FOREIGN KEY (url) REFERENCES public.collections(url);
ALTER TABLE ONLY public.collections
    ADD CONSTRAINT collections_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.feed_revocations
    ADD CONSTRAINT feed_revocations_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.feed_revocations
    ADD CONSTRAINT feed_revocations_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES public.feeds(id);
ALTER TABLE ONLY public.feed_uses
    ADD CONSTRAINT feed_uses_feed_id_fkey FOREIGN KEY (feed_id) REFERENCES public.feeds(id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.product_entries
    ADD CONSTRAINT product_entries_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.product_entries
    ADD CONSTRAINT product_entries_product_id_fkey FOREIGN KEY (product_id) REFERENCES public.products(id);
ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.products
    ADD CONSTRAINT products_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.protocols
    ADD CONSTRAINT protocols_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.screenings
    ADD CONSTRAINT screenings_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.screenings
    ADD CONSTRAINT screenings_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.seals
    ADD CONSTRAINT seals_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT subjects_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT subjects_protocol_protocol_version_fkey FOREIGN KEY (protocol, protocol_version) REFERENCES public.protocols(id, version);
ALTER TABLE ONLY public.visit_entries
    ADD CONSTRAINT visit_entries_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.visit_entries
    ADD CONSTRAINT visit_entries_visit_id_fkey FOREIGN KEY (visit_id) REFERENCES public.visits(id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.visits
    ADD CONSTRAINT visits_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
ALTER TABLE ONLY public.weights
    ADD CONSTRAINT weights_change_id_fkey FOREIGN KEY (change_id) REFERENCES public.changes(id);
ALTER TABLE ONLY public.weights
    ADD CONSTRAINT weights_subject_id_fkey FOREIGN KEY (subject_id) REFERENCES public.subjects(id);
