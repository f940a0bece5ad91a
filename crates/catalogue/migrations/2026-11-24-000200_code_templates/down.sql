DROP TABLE scrape_expansions;
