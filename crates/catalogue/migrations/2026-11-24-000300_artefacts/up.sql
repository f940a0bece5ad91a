-- What is kept of the newest failed attempt: the names in the store follow from the task and this.
ALTER TABLE scrape_tasks
    ADD COLUMN artefacts_attempt integer,
    ADD COLUMN artefacts_page boolean NOT NULL DEFAULT false,
    ADD COLUMN artefacts_screenshot boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT scrape_tasks_artefacts_check
        CHECK ((artefacts_attempt IS NOT NULL) = (artefacts_page OR artefacts_screenshot));
