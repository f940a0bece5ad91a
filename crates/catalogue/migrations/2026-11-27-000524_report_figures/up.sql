-- Reports of a month are counted for the public figures.
CREATE INDEX review_reports_reported ON review_reports (reported_at);
