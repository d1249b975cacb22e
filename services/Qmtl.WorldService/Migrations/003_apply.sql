-- Reserved for apply.
SELECT 1;
