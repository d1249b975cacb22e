-- Reserved for world_graph.
SELECT 1;
