ALTER TABLE scrape_tasks
    DROP COLUMN artefacts_attempt,
    DROP COLUMN artefacts_page,
    DROP COLUMN artefacts_screenshot;
