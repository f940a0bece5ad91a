DROP TABLE unit_bookmarks;
DROP TABLE unit_follows;
