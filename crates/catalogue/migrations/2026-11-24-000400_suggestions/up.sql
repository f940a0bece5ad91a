-- Titles of one university by how they begin: what is suggested while somebody types.
CREATE INDEX unit_search_university_title ON unit_search (university_id, title_folded, code_normalised, unit_id);
