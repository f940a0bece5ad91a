DROP TABLE moderation_staff;
DROP TABLE moderation_appeals;
DROP TABLE moderation_decisions;
