-- Reserved for monitoring.
SELECT 1;
