"""Train detectors from published data: `make detectors DATA=folder`. docs/detectors/ says where the
data is and which figures came out."""
