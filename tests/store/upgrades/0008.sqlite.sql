BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE amendments (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	protocol VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT amendments_pkey PRIMARY KEY (id), 
	CONSTRAINT amendments_protocol_version_fkey FOREIGN KEY(protocol, version) REFERENCES protocols (id, version), 
	CONSTRAINT amendments_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT amendments_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "amendments" VALUES(1,1,'bmsc-stroke','1',4);
CREATE TABLE bookings (
	id INTEGER NOT NULL, 
	site VARCHAR NOT NULL, 
	unit VARCHAR NOT NULL, 
	start_at DATETIME NOT NULL, 
	end_at DATETIME NOT NULL, 
	zone VARCHAR NOT NULL, 
	visit_id INTEGER NOT NULL, 
	CONSTRAINT bookings_pkey PRIMARY KEY (id), 
	CONSTRAINT bookings_takes_time CHECK (start_at < end_at), 
	CONSTRAINT bookings_visit_id_fkey FOREIGN KEY(visit_id) REFERENCES visits (id)
);
INSERT INTO "bookings" VALUES(1,'ZJ','chair-1','2026-04-09 01:00:00.000000','2026-04-09 08:00:00.000000','Asia/Shanghai',1);
CREATE TABLE changes (
	id INTEGER NOT NULL, 
	user_name VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	command VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	CONSTRAINT changes_pkey PRIMARY KEY (id)
);
INSERT INTO "changes" VALUES(1,'li','2026-03-02 01:30:00.000000','enroll','');
INSERT INTO "changes" VALUES(2,'wu','2026-03-02 01:31:00.000000','visit move','病人要求');
INSERT INTO "changes" VALUES(3,'wu','2026-03-02 01:32:00.000000','subject weigh','');
INSERT INTO "changes" VALUES(4,'wu','2026-03-02 01:33:00.000000','amend','');
CREATE TABLE collection_objects (
	url VARCHAR NOT NULL, 
	uid VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	etag VARCHAR NOT NULL, 
	body VARCHAR NOT NULL, 
	CONSTRAINT collection_objects_pkey PRIMARY KEY (url, uid), 
	CONSTRAINT collection_objects_url_fkey FOREIGN KEY(url) REFERENCES collections (url)
);
INSERT INTO "collection_objects" VALUES('https://dav.example/li/visits/','a','/li/visits/a.ics','"1"','BEGIN:VCALENDAR…');
CREATE TABLE collections (
	url VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	audience VARCHAR NOT NULL, 
	subject_id INTEGER, 
	CONSTRAINT collections_pkey PRIMARY KEY (url), 
	CONSTRAINT collections_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id)
);
INSERT INTO "collections" VALUES('https://dav.example/li/visits/','ZJ','staff',1);
CREATE TABLE consents (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	day DATE NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT consents_pkey PRIMARY KEY (id), 
	CONSTRAINT consents_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT consents_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "consents" VALUES(1,1,'given','2026-03-02',1);
CREATE TABLE feed_revocations (
	id INTEGER NOT NULL, 
	feed_id INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT feed_revocations_pkey PRIMARY KEY (id), 
	CONSTRAINT feed_revocations_feed_id_key UNIQUE (feed_id), 
	CONSTRAINT feed_revocations_feed_id_fkey FOREIGN KEY(feed_id) REFERENCES feeds (id), 
	CONSTRAINT feed_revocations_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "feed_revocations" VALUES(1,1,1);
CREATE TABLE feed_uses (
	feed_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT feed_uses_pkey PRIMARY KEY (feed_id), 
	CONSTRAINT feed_uses_feed_id_fkey FOREIGN KEY(feed_id) REFERENCES feeds (id)
);
CREATE TABLE feeds (
	id INTEGER NOT NULL, 
	person VARCHAR NOT NULL, 
	audience VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	subject_id INTEGER, 
	language VARCHAR NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT feeds_pkey PRIMARY KEY (id), 
	CONSTRAINT feeds_token_hash_key UNIQUE (token_hash), 
	CONSTRAINT feeds_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT feeds_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "feeds" VALUES(1,'li','staff','ZJ',1,'en','3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0',1);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	site VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	week VARCHAR NOT NULL, 
	recipient VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	message_id VARCHAR NOT NULL, 
	queued DATETIME NOT NULL, 
	state VARCHAR NOT NULL, 
	letter JSON, 
	CONSTRAINT outbox_pkey PRIMARY KEY (id), 
	CONSTRAINT outbox_site_kind_week_recipient_about_key UNIQUE (site, kind, week, recipient, about)
);
CREATE TABLE product_entries (
	id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	stage VARCHAR NOT NULL, 
	kg VARCHAR NOT NULL, 
	weighed DATE NOT NULL, 
	ordered DATE NOT NULL, 
	released DATE, 
	expires DATE, 
	expires_at VARCHAR, 
	given JSON NOT NULL, 
	reason VARCHAR NOT NULL, 
	CONSTRAINT product_entries_pkey PRIMARY KEY (id), 
	CONSTRAINT product_entries_product_id_revision_key UNIQUE (product_id, revision), 
	CONSTRAINT product_entries_revision_counts_from_1 CHECK (revision > 0), 
	CONSTRAINT product_entries_release_whole CHECK ((released IS NULL) = (expires IS NULL)), 
	CONSTRAINT product_entries_released_dated CHECK (stage <> 'released' OR released IS NOT NULL), 
	CONSTRAINT product_entries_product_id_fkey FOREIGN KEY(product_id) REFERENCES products (id), 
	CONSTRAINT product_entries_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "product_entries" VALUES(1,1,1,1,'ordered','68.50','2026-03-02','2026-03-02',NULL,NULL,NULL,'[]','');
CREATE TABLE products (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	batch VARCHAR NOT NULL, 
	batch_key VARCHAR NOT NULL, 
	chain INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT products_pkey PRIMARY KEY (id), 
	CONSTRAINT products_batch_key_key UNIQUE (batch_key), 
	CONSTRAINT products_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT products_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "products" VALUES(1,1,'B-1','b-1',1,1);
CREATE TABLE protocols (
	id VARCHAR NOT NULL, 
	version VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT protocols_pkey PRIMARY KEY (id, version), 
	CONSTRAINT protocols_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "protocols" VALUES('bmsc-stroke','1','rules',1);
CREATE TABLE screenings (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	day DATE NOT NULL, 
	version VARCHAR NOT NULL, 
	outcome VARCHAR NOT NULL, 
	consent VARCHAR, 
	review VARCHAR NOT NULL, 
	rules JSON NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT screenings_pkey PRIMARY KEY (id), 
	CONSTRAINT screenings_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT screenings_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "screenings" VALUES(1,1,'2026-03-02','1','ELIGIBLE',NULL,'','[{"rule": "age", "outcome": "ELIGIBLE", "count": null, "flagged": false}]',1);
CREATE TABLE seals (
	number INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	digests VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	CONSTRAINT seals_pkey PRIMARY KEY (number), 
	CONSTRAINT seals_change_id_key UNIQUE (change_id), 
	CONSTRAINT seals_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "seals" VALUES(1,1,'[["changes",[1],"fd783a1b01e2f49b8dcb066f479c89ac118f72f27b3c0c61ac8dd4fff02e1961"],["consents",[1],"c6b9d212d76e9dd6718f0eb94b68f8a1ce1571f88e9b255db01f82b6d38fafe6"],["feed_revocations",[1],"97e97ed7cb1c35246464b0e96a36402132a5ac42b554254625a27b546300d037"],["feeds",[1],"5b0409a80e3befe526128426b685cef348bf152eb886150769b9b4d816c38f68"],["product_entries",[1],"38ac37d92d9112f7bf4f153fca93744efed32152d26a381fdd91fde5af17f03f"],["products",[1],"3daa1083048d15c36f5b05fe3f7099aa0ea94f41a1b3bff6cfc7f0f4d0ee9be4"],["protocols",["bmsc-stroke","1"],"bca5b8f5b8e5c1121b45ab403c9dc4a01c32c56de7e2b2ce6d978ebb4b9d1414"],["screenings",[1],"49e985f198920e2148e4739cfd537564da877f49d0cf7c77c24b49e0884d57c9"],["subjects",[1],"f94a3c2121e86068e354425306ca0748bccdd900c4dc439871d6fa6605e7d84b"],["visit_entries",[1],"23ad06dd2a193c8a086e803b466149b511a31f573d75e395b175c99d5f0698aa"],["visits",[1],"10e56047635b59cd2b8bc4b0568ad8b2f3fd6b9eb18fc02ac72146634e3044f4"],["weights",[1],"be881ce4a803846591ec79aae5d03f4482e412cbb13bc0a9a9a4ac1ce0ed05e6"]]','23b61524dd010d9fe30c5045095acac97755bf824d00e64f4003bdd9dee1e5b9');
INSERT INTO "seals" VALUES(2,2,'[["changes",[2],"83f6d927abc4f0b6a0d2ce06c71ffab5bd35351dfc31970e2f5ceafedc8a8d19"],["visit_entries",[2],"a26e7e9a5e434b9bb0849be2e57463b4267a4f93c74b05a6f04c1b02bb204093"]]','849bb0d5b8c3c706771f93d9930643364230228305ba1edafa765ce67dba25c1');
INSERT INTO "seals" VALUES(3,3,'[["changes",[3],"f03252833904f4cc567fa68bc4f421ddca252b5609050aced6a9e6919bc835f4"],["weights",[2],"6b4a60c744614488edf791934e5cc43fbf7d11a78e805ea5b89c24c580c10620"]]','fae0fbdce0c46b04c7bcf59b656d111109ceda87e97a6a20ce2e663b0ac45031');
INSERT INTO "seals" VALUES(4,4,'[["amendments",[1],"369dff834298b896c55b5d9bd8435847b609db2d3e645064c9a5824de17c9a1e"],["changes",[4],"a519cba818d8f3b118c895e09a8c3d515e751bc33291cf954ba3163f40c6d9b4"],["visit_entries",[3],"90345df403026d57ebe3f6534f361c8efa93bdb9d2536b9164315450d00a6500"]]','8fec3ed828d8890b4dcea21ba2266c1c4ee9a63b11971518713a3d1ae52e2426');
CREATE TABLE subjects (
	id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	code_key VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	arm VARCHAR NOT NULL, 
	enrolled DATE NOT NULL, 
	protocol VARCHAR NOT NULL, 
	protocol_version VARCHAR NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT subjects_pkey PRIMARY KEY (id), 
	CONSTRAINT subjects_code_key_key UNIQUE (code_key), 
	CONSTRAINT subjects_protocol_protocol_version_fkey FOREIGN KEY(protocol, protocol_version) REFERENCES protocols (id, version), 
	CONSTRAINT subjects_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "subjects" VALUES(1,'ZJ-001','zj-001','ZJ','bmsc','2026-03-02','bmsc-stroke','1',1);
CREATE TABLE visit_entries (
	id INTEGER NOT NULL, 
	visit_id INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	study VARCHAR NOT NULL, 
	site VARCHAR NOT NULL, 
	label JSON NOT NULL, 
	kind VARCHAR NOT NULL, 
	mode VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	target DATE NOT NULL, 
	earliest DATE NOT NULL, 
	latest DATE NOT NULL, 
	day DATE NOT NULL, 
	start_at DATETIME, 
	end_at DATETIME, 
	zone VARCHAR, 
	actual DATE, 
	allocations JSON NOT NULL, 
	why JSON NOT NULL, 
	basis VARCHAR NOT NULL, 
	unverified BOOLEAN NOT NULL, 
	sequence INTEGER NOT NULL, 
	changed DATETIME NOT NULL, 
	CONSTRAINT visit_entries_pkey PRIMARY KEY (id), 
	CONSTRAINT visit_entries_visit_id_revision_key UNIQUE (visit_id, revision), 
	CONSTRAINT visit_entries_revision_counts_from_1 CHECK (revision > 0), 
	CONSTRAINT visit_entries_slot_whole CHECK ((start_at IS NULL AND end_at IS NULL AND zone IS NULL) OR (start_at < end_at AND zone IS NOT NULL)), 
	CONSTRAINT visit_entries_visit_id_fkey FOREIGN KEY(visit_id) REFERENCES visits (id), 
	CONSTRAINT visit_entries_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "visit_entries" VALUES(1,1,1,1,'bmsc-stroke','ZJ','{"en": "Infusion 1", "zh": "第1次输注"}','infusion','visit','scheduled','2026-04-09','2026-04-02','2026-04-16','2026-04-09','2026-04-09 01:00:00.000000','2026-04-09 08:00:00.000000','Asia/Shanghai',NULL,'[{"unit": "chair-1", "zone": "Asia/Shanghai", "start": "2026-04-09T01:00:00+00:00", "end": "2026-04-09T08:00:00+00:00"}]','["aspiration 2026-03-05 + 35 days"]','assumption',0,0,'2026-03-02 01:30:00.000000');
INSERT INTO "visit_entries" VALUES(2,1,2,2,'bmsc-stroke','ZJ','{"en": "Infusion 1", "zh": "第1次输注"}','infusion','visit','scheduled','2026-04-09','2026-04-02','2026-04-16','2026-04-10','2026-04-10 01:00:00.000000','2026-04-10 08:00:00.000000','Asia/Shanghai',NULL,'[{"unit": "chair-2", "zone": "Asia/Shanghai", "start": "2026-04-10T01:00:00+00:00", "end": "2026-04-10T08:00:00+00:00"}]','["aspiration 2026-03-05 + 35 days"]','assumption',0,0,'2026-03-02 01:30:00.000000');
INSERT INTO "visit_entries" VALUES(3,1,3,4,'bmsc-stroke','ZJ','{"en": "Infusion 1", "zh": "第1次输注"}','infusion','visit','scheduled','2026-04-09','2026-04-02','2026-04-16','2026-04-09','2026-04-09 01:00:00.000000','2026-04-09 08:00:00.000000','Asia/Shanghai',NULL,'[{"unit": "chair-1", "zone": "Asia/Shanghai", "start": "2026-04-09T01:00:00+00:00", "end": "2026-04-09T08:00:00+00:00"}]','["aspiration 2026-03-05 + 35 days"]','assumption',0,0,'2026-03-02 01:30:00.000000');
CREATE TABLE visits (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	encounter VARCHAR NOT NULL, 
	occurrence INTEGER NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT visits_pkey PRIMARY KEY (id), 
	CONSTRAINT visits_subject_id_encounter_occurrence_key UNIQUE (subject_id, encounter, occurrence), 
	CONSTRAINT visits_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT visits_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "visits" VALUES(1,1,'infusion-1',1,1);
CREATE TABLE weights (
	id INTEGER NOT NULL, 
	subject_id INTEGER NOT NULL, 
	kg VARCHAR NOT NULL, 
	measured DATE NOT NULL, 
	change_id INTEGER NOT NULL, 
	CONSTRAINT weights_pkey PRIMARY KEY (id), 
	CONSTRAINT weights_subject_id_fkey FOREIGN KEY(subject_id) REFERENCES subjects (id), 
	CONSTRAINT weights_change_id_fkey FOREIGN KEY(change_id) REFERENCES changes (id)
);
INSERT INTO "weights" VALUES(1,1,'68.50','2026-03-02',1);
INSERT INTO "weights" VALUES(2,1,'70.0','2026-03-02',3);
CREATE INDEX protocols_change_id_idx ON protocols (change_id);
CREATE INDEX subjects_change_id_idx ON subjects (change_id);
CREATE INDEX amendments_subject_id_idx ON amendments (subject_id);
CREATE INDEX amendments_change_id_idx ON amendments (change_id);
CREATE INDEX weights_subject_id_idx ON weights (subject_id);
CREATE INDEX weights_change_id_idx ON weights (change_id);
CREATE INDEX screenings_subject_id_idx ON screenings (subject_id);
CREATE INDEX screenings_change_id_idx ON screenings (change_id);
CREATE INDEX visits_change_id_idx ON visits (change_id);
CREATE INDEX visit_entries_site_day_idx ON visit_entries (site, day);
CREATE INDEX products_subject_id_idx ON products (subject_id);
CREATE INDEX products_change_id_idx ON products (change_id);
CREATE INDEX product_entries_change_id_idx ON product_entries (change_id);
CREATE INDEX bookings_site_unit_start_at_idx ON bookings (site, unit, start_at);
CREATE INDEX bookings_visit_id_idx ON bookings (visit_id);
CREATE TRIGGER bookings_no_overlap_insert BEFORE INSERT ON bookings WHEN (SELECT end_at FROM bookings WHERE site = NEW.site AND unit = NEW.unit AND start_at < NEW.end_at ORDER BY start_at DESC LIMIT 1) > NEW.start_at BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END;
CREATE TRIGGER bookings_no_overlap_update BEFORE UPDATE ON bookings WHEN (SELECT end_at FROM bookings WHERE site = NEW.site AND unit = NEW.unit AND start_at < NEW.end_at AND id <> OLD.id ORDER BY start_at DESC LIMIT 1) > NEW.start_at BEGIN SELECT RAISE(ABORT, 'bookings_no_overlap'); END;
CREATE TRIGGER changes_append_only_update BEFORE UPDATE ON changes BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER changes_append_only_delete BEFORE DELETE ON changes BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER changes_append_only_replace BEFORE INSERT ON changes WHEN EXISTS (SELECT 1 FROM changes WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER seals_append_only_update BEFORE UPDATE ON seals BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER seals_append_only_delete BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER seals_append_only_replace BEFORE INSERT ON seals WHEN EXISTS (SELECT 1 FROM seals WHERE (number = NEW.number) OR (change_id = NEW.change_id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER protocols_append_only_update BEFORE UPDATE ON protocols BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER protocols_append_only_delete BEFORE DELETE ON protocols BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER protocols_append_only_replace BEFORE INSERT ON protocols WHEN EXISTS (SELECT 1 FROM protocols WHERE (id = NEW.id AND version = NEW.version)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER subjects_append_only_update BEFORE UPDATE ON subjects BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER subjects_append_only_delete BEFORE DELETE ON subjects BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER subjects_append_only_replace BEFORE INSERT ON subjects WHEN EXISTS (SELECT 1 FROM subjects WHERE (id = NEW.id) OR (code_key = NEW.code_key)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER amendments_append_only_update BEFORE UPDATE ON amendments BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER amendments_append_only_delete BEFORE DELETE ON amendments BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER amendments_append_only_replace BEFORE INSERT ON amendments WHEN EXISTS (SELECT 1 FROM amendments WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER weights_append_only_update BEFORE UPDATE ON weights BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER weights_append_only_delete BEFORE DELETE ON weights BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER weights_append_only_replace BEFORE INSERT ON weights WHEN EXISTS (SELECT 1 FROM weights WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER screenings_append_only_update BEFORE UPDATE ON screenings BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER screenings_append_only_delete BEFORE DELETE ON screenings BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER screenings_append_only_replace BEFORE INSERT ON screenings WHEN EXISTS (SELECT 1 FROM screenings WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visits_append_only_update BEFORE UPDATE ON visits BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visits_append_only_delete BEFORE DELETE ON visits BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visits_append_only_replace BEFORE INSERT ON visits WHEN EXISTS (SELECT 1 FROM visits WHERE (id = NEW.id) OR (subject_id = NEW.subject_id AND encounter = NEW.encounter AND occurrence = NEW.occurrence)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visit_entries_append_only_update BEFORE UPDATE ON visit_entries BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visit_entries_append_only_delete BEFORE DELETE ON visit_entries BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER visit_entries_append_only_replace BEFORE INSERT ON visit_entries WHEN EXISTS (SELECT 1 FROM visit_entries WHERE (id = NEW.id) OR (visit_id = NEW.visit_id AND revision = NEW.revision)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER products_append_only_update BEFORE UPDATE ON products BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER products_append_only_delete BEFORE DELETE ON products BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER products_append_only_replace BEFORE INSERT ON products WHEN EXISTS (SELECT 1 FROM products WHERE (id = NEW.id) OR (batch_key = NEW.batch_key)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER product_entries_append_only_update BEFORE UPDATE ON product_entries BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER product_entries_append_only_delete BEFORE DELETE ON product_entries BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER product_entries_append_only_replace BEFORE INSERT ON product_entries WHEN EXISTS (SELECT 1 FROM product_entries WHERE (id = NEW.id) OR (product_id = NEW.product_id AND revision = NEW.revision)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE INDEX consents_subject_id_idx ON consents (subject_id);
CREATE INDEX consents_change_id_idx ON consents (change_id);
CREATE TRIGGER consents_append_only_update BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER consents_append_only_delete BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER consents_append_only_replace BEFORE INSERT ON consents WHEN EXISTS (SELECT 1 FROM consents WHERE (id = NEW.id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE INDEX feeds_change_id_idx ON feeds (change_id);
CREATE INDEX feed_revocations_change_id_idx ON feed_revocations (change_id);
CREATE TRIGGER feeds_append_only_update BEFORE UPDATE ON feeds BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER feeds_append_only_delete BEFORE DELETE ON feeds BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER feeds_append_only_replace BEFORE INSERT ON feeds WHEN EXISTS (SELECT 1 FROM feeds WHERE (id = NEW.id) OR (token_hash = NEW.token_hash)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER feed_revocations_append_only_update BEFORE UPDATE ON feed_revocations BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER feed_revocations_append_only_delete BEFORE DELETE ON feed_revocations BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE TRIGGER feed_revocations_append_only_replace BEFORE INSERT ON feed_revocations WHEN EXISTS (SELECT 1 FROM feed_revocations WHERE (id = NEW.id) OR (feed_id = NEW.feed_id)) BEGIN SELECT RAISE(ABORT, 'append_only'); END;
CREATE INDEX subjects_site_idx ON subjects (site);
CREATE INDEX visit_entries_day_idx ON visit_entries (day);
CREATE INDEX visit_entries_change_id_site_idx ON visit_entries (change_id, site);
COMMIT;
