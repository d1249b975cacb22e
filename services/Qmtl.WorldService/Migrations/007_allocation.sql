-- Reserved for allocation.
SELECT 1;
