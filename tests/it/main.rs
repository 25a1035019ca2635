mod storeys;
