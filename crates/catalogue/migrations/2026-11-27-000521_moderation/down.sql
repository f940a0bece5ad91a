DROP TABLE moderation_cases;
