-- Reserved for retention.
SELECT 1;
