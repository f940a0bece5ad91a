DROP INDEX review_reports_reported;
