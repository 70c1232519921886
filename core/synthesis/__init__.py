"""Sample micrographs and volumes made from known geometry."""
